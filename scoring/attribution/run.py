"""From a registry row and a model to an ``Attribution``: open, lay out, run the method, add up, judge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.attribution.base import (
    LOG_ODDS,
    PROBABILITY,
    Attribution,
    Objective,
    badge,
    relative_error,
)
from scoring.attribution.subject import subject_of
from scoring.errors import AttributionError
from scoring.registry import load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.attribution.base import Found, MethodRow
    from scoring.attribution.path import Path
    from scoring.attribution.subject import Subject


def run(
    row: MethodRow,
    model: Any,
    problem_text: str,
    steps: tuple[str, ...],
    values: Mapping[str, Any],
    progress: Callable[[float], None] | None,
) -> Attribution:
    """Run the method of ``row``; see ``registry.attribute``."""
    given = dict(values)
    output = str(given.pop("output", "value"))
    with subject_of(model, output) as subject:
        if progress is not None:
            subject.report = progress
        path = subject.layout.lay(problem_text, steps)
        found: Found = load_target(row.target)(subject, path, problem_text, steps, **given)
        return _judged(row, subject, path, values, output, found)


def _judged(
    row: MethodRow,
    subject: Subject,
    path: Path,
    values: Mapping[str, Any],
    output: str,
    found: Found,
) -> Attribution:
    """Add up what was found and compare it with what it should be."""
    credit = path.by_piece(found.credit)
    total = float(found.credit.sum())
    if not math.isfinite(total + found.value + found.baseline_value):
        raise AttributionError("The model gives no finite number for this path.")
    spread = float(values.get("spread") or subject.spread)
    error = relative_error(total, found.value - found.baseline_value, spread)
    return Attribution(
        method=row.key,
        version=row.version,
        params=dict(values),
        granularity=row.granularity,
        credit=credit.astype(np.float32),
        step=path.piece_step,
        begin=path.piece_begin,
        end=path.piece_end,
        per_step=path.by_step(found.credit),
        unit=LOG_ODDS if output == "value" else PROBABILITY,
        value=found.value,
        baseline_value=found.baseline_value,
        baseline=found.baseline,
        total=total,
        relative_error=error,
        badge=badge(error, complete=row.complete),
        n_used=found.n_used,
        series=found.series,
        standard_error=found.standard_error,
        objectives={
            name: Objective(weight, value, path.by_piece(part).astype(np.float32))
            for name, (weight, value, part) in found.objectives.items()
        },
        n_tokens=len(path),
        read_index=path.read,
        dtype=str(subject.dtype).removeprefix("torch."),
        model_hash=subject.facts["model"],
        template_hash=subject.facts["template"],
        spent=subject.spent,
        notes=found.notes,
    )
