"""From a measure to a number with its interval; differences of two measures on the same problems."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from scoring import resample

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.evaluation.base import Measure
    from scoring.evaluation.records import Floats
    from scoring.resample import Estimate, Resampling


def number(measure: Measure, resampling: Resampling) -> Estimate:
    """Compute a measure and its interval over problems."""
    return resample.estimate(
        measure.parts,
        _quiet(measure.statistic),
        undefined=measure.undefined,
        n=measure.n,
        resampling=resampling,
    )


def difference(first: Measure, second: Measure, resampling: Resampling) -> Estimate:
    """Compute the first minus the second with an interval over problems drawn for both alike.

    What makes a problem easy for both then cancels.
    """
    shared = first.parts is second.parts
    width = first.parts.shape[1]

    def statistic(sums: Floats) -> Floats:
        own, other = (sums, sums) if shared else (sums[:, :width], sums[:, width:])
        return first.statistic(own) - second.statistic(other)

    return resample.estimate(
        first.parts if shared else np.hstack([first.parts, second.parts]),
        _quiet(statistic),
        undefined=first.undefined if np.isnan(plain(first)) else second.undefined,
        n=min(first.n, second.n),
        resampling=resampling,
    )


def plain(measure: Measure) -> float:
    """Return the value alone, NaN where there is none."""
    return float(_quiet(measure.statistic)(measure.parts.sum(axis=0, keepdims=True))[0])


def n_problems(measure: Measure) -> int:
    """Count the problems that a measure rests on."""
    return int(np.asarray(abs(measure.parts).sum(axis=1) > 0).sum())


def ratio(sums: Floats) -> Floats:
    """Divide column 0 by column 1: the mean of what was added up; NaN where there is nothing."""
    return sums[:, 0] / sums[:, 1]


@lru_cache(maxsize=4)
def each_problem(n: int) -> Floats:
    """Return ``(n, n)`` parts whose sums are how often each problem was drawn.

    For statistics that are no function of sums, such as an area under a curve.
    """
    return np.eye(n)


def _quiet(statistic: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """Let divisions by zero give NaN without a warning: the estimate says why it has no value."""

    def computed(sums: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return statistic(sums)

    return computed
