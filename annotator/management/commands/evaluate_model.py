"""``manage.py evaluate_model --project NAME --model NAME``: measure a model's stored scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.jobs import ended, told
from annotator.management.output import Answer, ContractCommand, key_value
from annotator.models import Evaluation
from annotator.queries.datasets.snapshots import snapshot_named
from annotator.queries.evaluations.stored import evaluations_of_project
from annotator.queries.evaluations.told import evaluation_told_whole
from annotator.queries.models import reward_model_named
from annotator.services.evaluations import evaluation_request
from annotator.services.jobs.wait import job_wait
from annotator.services.projects.projects import project_get_or_create
from scoring.evaluation.registry import DISTANCES, SUITES

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

MAIN = {**SUITES, **DISTANCES}


class Command(ContractCommand):
    """Queue the evaluation, or do it here if no worker is there to wait for."""

    help = "Measure what a reward model said of a project by evaluation suites; scores nothing."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name project, model, suites and data."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument(
            "--model", required=True, metavar="NAME", help="the newest version, or NAME@VERSION"
        )
        parser.add_argument("--against", metavar="NAME", help="a model to compare with")
        parser.add_argument(
            "--suite",
            action="append",
            default=[],
            metavar="KEY",
            help=f"again for several; all by default: {', '.join(MAIN)}",
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            type=key_value,
            metavar="NAME=VALUE",
            help="a parameter of the suites that have it, such as aggregation=mean",
        )
        parser.add_argument(
            "--snapshot", metavar="NAME", help="its labels count; otherwise those of now"
        )
        parser.add_argument(
            "--part",
            choices=Evaluation.Part.values,
            default="",
            help="unseen: without what the model was trained on (default where that is known); "
            "test: of these the test split of the snapshot",
        )
        parser.add_argument("--wait", action="store_true", help="return when it has ended")

    def answer(self, options: dict[str, Any]) -> Answer:
        """Find models and snapshot, queue, and tell the numbers if it has ended."""
        project = project_get_or_create(name=options["project"])
        model = reward_model_named(project=project, name=options["model"])
        other, frozen = options["against"], options["snapshot"]
        job = evaluation_request(
            model=model,
            user=None,
            suites=options["suite"],
            settings=dict(options["set"]),
            against=reward_model_named(project=project, name=other) if other else None,
            snapshot=snapshot_named(project=project, name=frozen) if frozen else None,
            part=options["part"],
        )
        if options["wait"]:
            job = job_wait(job=job, on_progress=told(self, options))
        data: dict[str, Any] = {"model": model.name, "evaluation": None} | job.result
        lines: list[str] = []
        if (pk := job.result.get("evaluation")) is not None:
            found = evaluation_told_whole(evaluations_of_project(project=project).get(pk=pk))
            data |= {
                "counts": found["counts"],
                "results": found["results"],
                "part": found["part"],
            }
            lines = [line for result in found["results"] for line in _lines(result)]
            lines += _missing(found["counts"])
        return ended(job, data, lines)


def _lines(result: dict[str, Any]) -> list[str]:
    """Return a suite's main number, or why there is none."""
    row = MAIN[result["suite"]]
    if result["report"] is None:
        return [f"{row.label}: {result['reason']}"]
    report = result["report"]
    for found in report.get("differences") or report["numbers"]:
        if found["key"].split(":")[0].split("@")[0] == row.main:
            return [f"{row.label}: {found['label']} {_words(found)}"]
    return [f"{row.label}: no number of its own is compared"]


def _words(found: dict[str, Any]) -> str:
    estimate = found.get("difference") or found["estimate"]
    if estimate["value"] is None:
        return str(estimate["undefined"])
    told = f"{estimate['value']:.4f}"
    if estimate["low"] is not None:
        told += f" ({estimate['low']:.4f} to {estimate['high']:.4f})"
    if "difference" in found:
        told = f"{told} apart" + (f", p = {found['p']:.3g}" if found["p"] is not None else "")
    return f"{told}, n = {estimate['n']:,} {found['unit']}".rstrip()


def _missing(counts: dict[str, Any]) -> list[str]:
    n = max(counts["steps_without_a_score"], default=0)
    return [f"{n:,} of {counts['steps']:,} steps have no score; score_traces scores them."] * (
        n > 0
    )
