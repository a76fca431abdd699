"""``manage.py train_reward_model --project NAME --kind KEY --base BASE``: train on a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.jobs import ended, told
from annotator.management.output import Answer, ContractCommand, key_value
from annotator.models import Project
from annotator.queries.datasets.snapshots import snapshot_named
from annotator.services.jobs.requests import train_request
from annotator.services.jobs.wait import job_wait
from annotator.services.models.bases import base_checked
from annotator.services.models.estimates import train_estimate
from annotator.services.projects.projects import project_get_or_create
from scoring.training import estimate_words
from scoring.training.config import TINY, RunConfig

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from annotator.models import Job


class Command(ContractCommand):
    """Queue a training run, or do it here if no worker is there to wait for."""

    help = "Train a reward model on a project's labels."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name project, kind, base, snapshot and settings."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--kind", default="prm", metavar="KEY")
        parser.add_argument("--base", default=TINY, metavar="tiny|HUB_ID|DIR|MODEL")
        parser.add_argument("--name", default="", metavar="NAME")
        parser.add_argument("--snapshot", metavar="NAME")
        parser.add_argument(
            "--set", action="append", default=[], type=key_value, metavar="k=v", help="a setting"
        )
        parser.add_argument("--wait", action="store_true", help="return when it has ended")
        parser.add_argument(
            "--estimate", action="store_true", help="say what it would need, and queue nothing"
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        """Check everything that can be checked now, then queue."""
        settings = dict(options["set"])
        base = options["base"]
        RunConfig.from_settings(settings, kind_key=options["kind"], base=base)
        name = options["project"].strip()
        known = Project.objects.filter(name__iexact=name).first()
        base_checked(base=base, project=known, any_folder=True)
        if options["estimate"]:
            return _estimated(known, options)
        project = project_get_or_create(name=options["project"])
        chosen = options["snapshot"]
        job = train_request(
            project=project,
            user=None,
            settings=settings,
            kind=options["kind"],
            base=base,
            any_folder=True,
            name=options["name"],
            snapshot=snapshot_named(project=project, name=chosen) if chosen else None,
        )
        if options["wait"]:
            job = job_wait(job=job, on_progress=told(self, options))
        return ended(job, _data(job, chosen), _lines(job))


def _estimated(project: Project | None, options: dict[str, Any]) -> Answer:
    chosen = options["snapshot"]
    found = train_estimate(
        project=project,
        settings=dict(options["set"]),
        kind=options["kind"],
        base=options["base"],
        snapshot=snapshot_named(project=project, name=chosen) if project and chosen else None,
        any_folder=True,
    )
    lines = [f"{name}: {value}" for name, value in estimate_words.rows(found)]
    return Answer({"estimate": found.to_dict()}, [*lines, *found.basis])


def _data(job: Job, snapshot: str | None) -> dict[str, Any]:
    known: dict[str, Any] = {
        "model": job.args["name"],
        "artefact": None,
        "snapshot": snapshot,
        "seed": job.args["run"]["training"]["seed"],
        "metrics": {},
    }
    return {**known, **job.result}


def _lines(job: Job) -> list[str]:
    result = job.result
    if not result:
        return []
    lines = [f"Model '{result['model']}' v{result['version']} in {result['artefact']}"]
    for name, metric in result["metrics"].items():
        if metric["value"] is not None:
            interval = (
                "" if metric["low"] is None else f" [{metric['low']:.3f}, {metric['high']:.3f}]"
            )
            lines.append(f"{name}: {metric['value']:.3f}{interval} (n = {metric['n']:,})")
    return lines
