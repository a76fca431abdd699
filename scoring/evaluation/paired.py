"""Is one model better than another? A permutation test that swaps the two within problems.

If the two models were the same, each problem's contributions could as well have come from the other
one. Swapping them at random in every problem, ``2^P`` ways of which a sample is drawn, shows how
large a difference then arises. Good 2005, *Permutation, Parametric and Bootstrap Tests*, ch. 3;
Noreen 1989 for metrics that are no means (approximate randomisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.intervals import plain

if TYPE_CHECKING:
    from scoring.evaluation.base import Measure
    from scoring.resample import Estimate, Resampling

_AT_ONCE = 4_000_000
_SAME = 1e-12  # differences of equal data differ by rounding


@dataclass(frozen=True, slots=True)
class Difference:
    """One number of two models.

    Attributes:
        key: of the measure.
        label: what a person reads.
        first: the first model's number.
        second: the second's.
        difference: first minus second, interval over problems drawn for both alike.
        p: two-sided, of the permutation test; None where swapping has no meaning or no value.
        protocol: of both numbers.
        unit: what ``n`` of the estimates counts.
        split: the class or split it is of, "" for all.
        series: the curve it is a point of, "" if of none.
        x: its place on the curve.
    """

    key: str
    label: str
    first: Estimate
    second: Estimate
    difference: Estimate
    p: float | None
    protocol: str
    unit: str = ""
    split: str = ""
    series: str = ""
    x: float | None = None


def permuted(first: Measure, second: Measure, resampling: Resampling) -> float | None:
    """Return ``(1 + swaps with a difference as large) / (1 + swaps)``, two-sided.

    Args:
        first: of one model.
        second: the same measure of the other, on the same problems.
        resampling: how many swaps and with which seed.
    """
    if not (first.exchangeable and second.exchangeable and resampling.replicates):
        return None
    observed = abs(plain(first) - plain(second))
    if np.isnan(observed):
        return None
    rng = np.random.default_rng(resampling.seed)
    change = second.parts - first.parts  # (P, C)
    moved = np.abs(change).sum(axis=1) > 0
    mine, theirs = first.parts.sum(axis=0), second.parts.sum(axis=0)
    change = change[moved]
    large = valid = 0
    size = max(1, _AT_ONCE // max(len(change), 1))
    for start in range(0, resampling.replicates, size):
        n = min(size, resampling.replicates - start)
        shift = rng.integers(0, 2, size=(n, len(change))).astype(np.float64) @ change  # (n, C)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = np.abs(first.statistic(mine + shift) - first.statistic(theirs - shift))
        valid += int(np.isfinite(drawn).sum())
        large += int((drawn >= observed - _SAME).sum())
    return (1 + large) / (1 + valid)
