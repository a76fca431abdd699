"""Try how far an attribution method can be trusted on a model, on paths of its own project; loads torch."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from annotator.queries.attribution.path import paths_to_check
from annotator.services.models.attributions import faithfulness_store
from scoring.attribution.faithfulness.base import CARD_VERSION
from scoring.attribution.faithfulness.card import card
from scoring.attribution.faithfulness.hidden import TASKS
from scoring.attribution.faithfulness.planted import plant
from scoring.errors import AttributionError
from scoring.pipelines.attribute import model_of

if TYPE_CHECKING:
    from scoring.attribution.faithfulness.base import Check
    from scoring.attribution.faithfulness.hidden import Task
    from scoring.attribution.faithfulness.planted import Planted
    from scoring.pipelines.context import JobContext

PATHS = 10
LABELS = {
    "completeness": "Adds up",
    "deletion": "Deletion against random order (z)",
    "insertion": "Insertion against random order (z)",
    "randomised": "Follows the weights (|ρ| with shuffled ones)",
    "planted_additive": "Planted truth, additive",
    "planted_sign": "Planted truth, right signs",
    "planted_interaction": "Planted truth, interaction",
    "trend_position": "Trend by position where there is none",
    "trend_length": "Trend by length where there is none",
    "planted_position": "Planted position bias, how far off",
    "planted_length": "Planted length bias, how far off",
}


@cache
def planted_model(task: Task) -> Planted:
    """Return a planted model; it depends on nothing else, so that a worker trains it once for all its cards."""
    return plant(task)


def run(context: JobContext) -> dict[str, Any]:
    """Do a ``scoring.faithful`` job; ``args`` as ``faithfulness_request`` makes them.

    Returns:
        ``method``, ``model``, ``passed``, ``failed`` (keys of checks), ``paths``.
    """
    method = str(context.args["method"])
    paths = paths_to_check(project=context.project, most=PATHS)
    if not paths:
        raise AttributionError("The project has no path yet on which the method could be tried.")
    model, loaded = model_of(context)
    made = []
    for task in TASKS:
        context.progress(0, None, f"Planting a known truth ({task}).")
        context.check()
        made.append(planted_model(task))
    context.progress(0, None, f"Trying the method on {len(paths)} paths.")
    context.check()
    found = card(loaded, method, paths, made=made)
    checks = [
        {
            "key": check.key,
            "label": LABELS.get(check.key, check.key),
            "value": check.value if math.isfinite(check.value) else None,
            "limit": check.limit,
            "said": _said(check),
            "passed": check.passed,
            "words": check.words,
        }
        for check in found.checks
    ]
    faithfulness_store(
        job=context.job,
        model=model,
        method=method,
        passed=found.passed,
        checks=checks,
        facts={
            "card": CARD_VERSION,
            "params": found.params,
            "paths": found.paths,
            "model_hash": found.model_hash,
        },
    )
    return {
        "method": method,
        "model": str(model),
        "passed": found.passed,
        "failed": list(found.failed),
        "paths": found.paths,
    }


def _said(check: Check) -> str:
    """Write what was measured and, of what is judged, on which side of the limit it has to be."""
    if check.passed is None or math.isnan(check.value):
        return f"{check.value:.3f}"
    side = "at most" if (check.value <= check.limit) == check.passed else "at least"
    return f"{check.value:.3f} ({side} {check.limit:.3g})"
