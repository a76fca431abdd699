"""``manage.py attribute_path --project NAME --model NAME --step ID --method KEY``: read one path's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.jobs import ended, told
from annotator.management.output import Answer, ContractCommand, key_value
from annotator.queries.attribution.path import path_of
from annotator.queries.attribution.told import attribution_told, attributions_of, end_of
from annotator.queries.models import reward_model_named
from annotator.services.jobs.wait import job_wait
from annotator.services.models.attributions import attribution_request
from annotator.services.projects.projects import project_get_or_create
from scoring.attribution.choices import CHOICES, typed_values
from scoring.heatmap import number_text

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(ContractCommand):
    """Queue the attribution or signal, or do it here if no worker is there to wait for."""

    help = "Say what each token of one path did for a model's reward, or measure a signal along it."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name project, model, path and method."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument(
            "--model", required=True, metavar="NAME", help="the newest version, or NAME@VERSION"
        )
        path = parser.add_mutually_exclusive_group(required=True)
        path.add_argument("--step", type=int, metavar="ID", help="the path ends at this step")
        path.add_argument("--trace", type=int, metavar="ID", help="the path is this trace")
        parser.add_argument("--method", required=True, metavar="KEY", help=", ".join(CHOICES))
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            type=key_value,
            metavar="NAME=VALUE",
            help="a parameter of the method",
        )
        parser.add_argument("--wait", action="store_true", help="return when it has ended")

    def answer(self, options: dict[str, Any]) -> Answer:
        """Find model and path, queue, and tell the numbers if it has ended."""
        project = project_get_or_create(name=options["project"])
        model = reward_model_named(project=project, name=options["model"])
        end = end_of(project=project, step=options["step"], trace=options["trace"])
        method = options["method"]
        params = typed_values(method, dict(options["set"]))
        job = attribution_request(model=model, end=end, method=method, params=params, user=None)
        if options["wait"]:
            job = job_wait(job=job, on_progress=told(self, options))
        data: dict[str, Any] = {"model": model.name, "method": method, "attribution": None}
        lines: list[str] = []
        if (pk := job.result.get("attribution")) is not None:
            stored = attributions_of(end=end).get(pk=pk)
            found = attribution_told(stored, path_of(end=end), tokens=True)
            data |= found | {"model": model.name, "attribution": pk}
            data["created"] = stored.created.isoformat()
            del data["id"]
            lines = _lines(found)
        return ended(job, data, lines)


def _lines(found: dict[str, Any]) -> list[str]:
    """Return the number of each step."""
    head = f"{found['label']}, in {found['unit']}"
    if found["signal"]:
        head += f": {sum(t['value'] is not None for t in found['tokens']):,} of "
        head += f"{len(found['tokens']):,} tokens have a value. A signal is not credit."
    else:
        head += f": {number_text(found['total'], digits=4)} in all, {found['badge']}"
    sign = not found["signal"]
    values = [number_text(one["value"], signed=sign, digits=4) for one in found["steps"]]
    return [head, *(f"step {k}: {value}" for k, value in enumerate(values, start=1))]
