"""Areas under the curves of a ranking as statistics of resampled problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring import areas

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.evaluation.records import Bools, Floats, Ints

_AT_ONCE = 4_000_000


def weighted(
    area: Callable[[Floats, Floats], Floats], scores: Floats, right: Bools, problem: Ints
) -> Callable[[Floats], Floats]:
    """Return a statistic of ``(B, P)`` counts of problems.

    Args:
        area: of the weights of right and of wrong steps at or above each distinct score, from the
            highest to the lowest, ``(B, G)`` each.
        scores: ``(M,)``.
        right: ``(M,)``.
        problem: ``(M,)``.
    """
    order, ends = areas.thresholds(scores)
    ranked, owner = right[order], problem[order]
    rows = max(1, _AT_ONCE // max(len(scores), 1))

    def statistic(counts: Floats) -> Floats:
        values = np.full(len(counts), np.nan)
        for start in range(0, len(counts) if len(scores) else 0, rows):
            weight = counts[start : start + rows][:, owner]
            values[start : start + rows] = area(*areas.above(ranked, weight, ends))
        return values

    return statistic
