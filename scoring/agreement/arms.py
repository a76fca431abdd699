"""Two arms of a trial compared: shares of steps, where a trace's steps are not independent.

A share over steps is a ratio of sums over traces; its standard error is that of a ratio estimate
(Cochran 1977, *Sampling Techniques*, chapter 6; the cluster-robust variance with m / (m − 1)).
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.annotators.accuracy import Z
from scoring.resample import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

METHOD = "ratio over answers, z = 1.96"
DIFFERENCE = "shown − blind, z = 1.96"
LEAST = 2


def clustered_share(hits: Sequence[int], sizes: Sequence[int], undefined: str) -> Estimate:
    """Return Σ hits / Σ sizes with an interval over clusters, cut to [0, 1].

    Args:
        hits: per cluster (an answer), how many of its steps count.
        sizes: per cluster, how many steps there are.
        undefined: the reason to give where there is no step.
    """
    n = int(sum(sizes))
    if not n:
        return Estimate(None, undefined=undefined)
    value = sum(hits) / n
    error = standard_error(hits, sizes)
    if error is None:
        return Estimate(value, n=n, notes=("no interval: fewer than two answers",))
    if not error:
        return Estimate(value, n=n, notes=("no interval: nothing varies",))
    low, high = max(0.0, value - Z * error), min(1.0, value + Z * error)
    return Estimate(value, low, high, n=n, method=METHOD)


def standard_error(hits: Sequence[int], sizes: Sequence[int]) -> float | None:
    """Return the standard error of Σ hits / Σ sizes, None for fewer than two clusters."""
    a, m = np.asarray(hits, np.float64), np.asarray(sizes, np.float64)
    a, m = a[m > 0], m[m > 0]
    if len(m) < LEAST:
        return None
    rest = a - a.sum() / m.sum() * m
    return sqrt(len(m) / (len(m) - 1) * float((rest**2).sum())) / float(m.sum())


def difference(
    shown: tuple[Sequence[int], Sequence[int]],
    blind: tuple[Sequence[int], Sequence[int]],
    undefined: str,
) -> Estimate:
    """Return the share in one arm minus that in the other; each is ``(hits, sizes)`` by cluster."""
    if not sum(shown[1]) or not sum(blind[1]):
        return Estimate(None, undefined=undefined)
    value = sum(shown[0]) / sum(shown[1]) - sum(blind[0]) / sum(blind[1])
    n = int(sum(shown[1]) + sum(blind[1]))
    errors = standard_error(*shown), standard_error(*blind)
    if errors[0] is None or errors[1] is None:
        return Estimate(value, n=n, notes=("no interval: an arm has fewer than two answers",))
    if not any(errors):
        return Estimate(value, n=n, notes=("no interval: nothing varies",))
    half = Z * sqrt(errors[0] ** 2 + errors[1] ** 2)
    return Estimate(value, value - half, value + half, n=n, method=DIFFERENCE)
