"""``manage.py score_traces --project NAME --model NAME``: score every step of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.jobs import ended, told
from annotator.management.output import Answer, ContractCommand
from annotator.queries.judges import used_by_job
from annotator.queries.models import reward_model_named
from annotator.services.jobs.requests import score_request
from annotator.services.jobs.wait import job_wait
from annotator.services.projects.projects import project_get_or_create

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(ContractCommand):
    """Queue the scoring, or do it here if no worker is there to wait for."""

    help = "Score every step of a project that a reward model has not scored yet."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name project and model."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument(
            "--model", required=True, metavar="NAME", help="the newest version, or NAME@VERSION"
        )
        parser.add_argument(
            "--labels", action="store_true", help="a judge: make labels of its verdicts too"
        )
        parser.add_argument("--wait", action="store_true", help="return when it has ended")

    def answer(self, options: dict[str, Any]) -> Answer:
        """Find the model, then queue."""
        project = project_get_or_create(name=options["project"])
        model = reward_model_named(project=project, name=options["model"])
        job = score_request(model=model, user=None, labels=options["labels"])
        if options["wait"]:
            job = job_wait(job=job, on_progress=told(self, options))
        used = used_by_job(job=job)
        data = {"model": model.name, "scored": 0, "skipped": 0} | job.result
        if used is not None:
            data |= used.to_dict()
        lines = (
            [f"{data['scored']:,} steps scored, {data['skipped']:,} skipped."] if job.result else []
        )
        lines += [f"left out: {n:,} × {reason}" for reason, n in data.get("excluded", {}).items()]
        if used is not None:
            lines.append(
                f"{used.requests:,} calls, {used.cached:,} answers known already, cost {used.cost:g}"
            )
            lines += [f"failed: {n:,} × {reason}" for reason, n in used.failures.items()]
        return ended(job, data, lines)
