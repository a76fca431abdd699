"""What a margin needs and what it can mislead by: sides without numbers, and credit that only counts steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.queries.trees.compared import StepsDown
from annotator.views.reading.sides import Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.models import Trace
    from annotator.views.reading.sides import Column, Columns
    from scoring.tree import FloatArray

# How far numbers that are equal may be apart by the rounding of float64, relative to the largest.
ROUNDING = 1e-12


def numbered(columns: Columns, traces: list[Trace], keys: Iterable[str]) -> list[Trace]:
    """Return those of ``traces`` with a step that has a number by every one of ``keys``.

    Raises:
        NotFoundError: a key is no choice here.
    """
    if not traces:
        return []
    chosen = [columns.column(key) for key in dict.fromkeys(keys)]
    nodes, lengths = columns.colorings.tree.paths_of([trace.end.preorder for trace in traces])
    ways = np.split(nodes, np.cumsum(lengths)[:-1])
    return [
        trace
        for trace, at in zip(traces, ways, strict=True)
        if _shared(Target(f"t{trace.pk}", trace.end, StepsDown((), at, ()), trace), chosen)
    ]


def has_numbers(columns: Columns, target: Target, keys: Iterable[str]) -> bool:
    """Say whether a step of the path has a number by every one of ``keys``."""
    return _shared(target, [columns.column(key) for key in keys])


def _shared(target: Target, chosen: list[Column]) -> bool:
    known = [np.isfinite(column.along(target)) for column in chosen]
    return bool(np.logical_and.reduce(known).any())


def without_numbers(a: Target, b: Target, one: FloatArray, two: FloatArray) -> str:
    """Say why two sides have no margin, "" = each has a number."""
    there = bool(np.isfinite(one).any()), bool(np.isfinite(two).any())
    if all(there):
        return ""
    kind = "trace" if a.trace is not None and b.trace is not None else "path"
    if a.path.ids == b.path.ids:
        which = (
            "by either side" if not any(there) else f"by the numbers of {'B' if there[0] else 'A'}"
        )
        return f"undefined because no step of this {kind} has a number {which}"
    if not any(there):
        return f"undefined because neither {kind} has a number"
    side, name = ("B", b.name) if there[0] else ("A", a.name)
    return f"undefined because {side}, {name}, has no number"


def grows_with_length(first: Column, second: Column, one: FloatArray, two: FloatArray) -> str:
    """Warn of a margin that is the lengths of two traces, "" = it is not.

    So it is where a method gives all steps of any trace the same credit, not only of these two.
    """
    if len(one) == len(two) or not (one.any() or two.any()):
        return ""
    if not (_even(one) and _even(two) and all(map(_same_in_each_trace, {first, second}))):
        return ""
    return (
        "By this method every step of a trace has the same credit, so its sum grows with length: "
        f"A has {_steps(len(one))}, B {_steps(len(two))}."
    )


def _same_in_each_trace(column: Column) -> bool:
    if not column.additive or not column.per_trace:
        return False
    traces = [np.asarray(own, np.float64) for own in column.per_trace.values()]
    return any(len(own) > 1 for own in traces) and all(map(_even, traces))


def _even(values: FloatArray) -> bool:
    known = values[np.isfinite(values)]
    if not len(known):
        return True
    return bool(np.ptp(known) <= ROUNDING * np.abs(known).max())


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"
