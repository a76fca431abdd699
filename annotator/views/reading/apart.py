"""Steps of a problem on which two methods come apart: by rank, since their units need not agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from annotator.queries.trees.columns import text_previews
from annotator.views.workbench.coloring import Colorings
from scoring.compare import midranks, rank_correlation

if TYPE_CHECKING:
    from annotator.models import Problem
    from annotator.queries.blindness import Sight
    from scoring.compare import Correlation
    from scoring.heatmap import Scale
    from scoring.tree import FloatArray

STEPS_EACH = 3


@dataclass(frozen=True, slots=True)
class ApartStep:
    """A step with both numbers; ``size`` is the difference of its ranks as a share of n − 1."""

    pk: int
    at: int
    depth: int
    text: str
    a: float
    b: float
    size: float


@dataclass(frozen=True, eq=False, slots=True)
class Apart:
    """A problem with the steps on which two methods differ most; ``missing`` = why there are none."""

    problem: Problem
    steps: list[ApartStep]
    correlation: Correlation | None
    scales: tuple[Scale, Scale] | None = None
    missing: str = ""


def apart(*, problem: Problem, sight: Sight, by: str, by_b: str) -> Apart:
    """Compare two methods on one problem.

    Raises:
        NotFoundError: there is no such method.
    """
    colorings = Colorings(problem, sight)
    first, second = colorings.coloring(by), colorings.coloring(by_b)
    if first.missing or second.missing:
        return Apart(problem, [], None, missing=first.missing or second.missing)
    sizes = rank_gaps(first.values, second.values)
    order = np.lexsort((np.arange(len(sizes)), -np.nan_to_num(sizes, nan=-1.0)))[:STEPS_EACH]
    places = [int(at) for at in order if np.isfinite(sizes[at]) and sizes[at] > 0]
    texts = text_previews(problem=problem, at=places)
    columns = colorings.columns
    steps = [
        ApartStep(
            int(columns.ids[at]),
            at,
            int(columns.depth[at]),
            texts.get(at, ""),
            float(first.values[at]),
            float(second.values[at]),
            float(sizes[at]),
        )
        for at in places
    ]
    found = rank_correlation(first.values[1:], second.values[1:])
    return Apart(problem, steps, found, (first.scale, second.scale))


def rank_gaps(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return ``(N,)`` |rank − rank| / (n − 1) over the n places with both numbers, NaN elsewhere."""
    both = np.isfinite(first) & np.isfinite(second)
    sizes = np.full(len(first), np.nan)
    n = int(both.sum())
    if n > 1:
        sizes[both] = np.abs(midranks(first[both]) - midranks(second[both])) / (n - 1)
    return sizes
