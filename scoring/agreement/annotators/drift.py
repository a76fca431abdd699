"""Drift: is an annotator still as accurate and as severe as in the beginning?

The order of labelling is cut into windows for the chart; what decides is the last third against the
first: for accuracy the difference of two proportions with Newcombe's interval (1998, method 10), for
severity the difference of two means with Welch's (1947), both at 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.agreement.annotators.accuracy import against, proportion, wilson
from scoring.agreement.base import NO_NUMBERS, NOTHING_SHARED
from scoring.errors import AgreementError, ParameterError
from scoring.resample import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from scoring.agreement.data import Column, FloatArray, Name, Ratings

LEAST = 6
NEWCOMBE = "last third − first third; Newcombe's score interval, 95%"
WELCH = "last third − first third; Welch's t interval, 95%"
STUDENT = "mean; t interval, 95%"


@dataclass(frozen=True, slots=True)
class Drift:
    """One annotator over time.

    Attributes:
        accuracy: share of right gold items in each window, oldest first; empty without gold.
        accuracy_change: last third minus first third.
        severity: mean of rating minus the other annotators' mean rating of the same item, in each
            window; below 0 is stricter than the others.
        severity_change: last third minus first third.
    """

    accuracy: tuple[Estimate, ...]
    accuracy_change: Estimate
    severity: tuple[Estimate, ...]
    severity_change: Estimate


def drift(
    ratings: Ratings, order: Column, gold: Mapping[Name, Any], *, windows: int = 6
) -> dict[Name, Drift]:
    """Compare every annotator with the annotator's own beginning.

    Args:
        ratings: of items.
        order: ``(N,)`` anything that can be sorted, such as times; one per rating.
        gold: true rating by item.
        windows: parts of equal size for the chart; fewer where there are fewer ratings.

    Raises:
        AgreementError: if ``order`` has another length than the ratings.
        ParameterError: for fewer windows than one.
    """
    if len(order) != len(ratings):
        raise AgreementError(f"{len(ratings)} ratings, but {len(order)} places in the order")
    if windows < 1:
        raise ParameterError("drift", "windows", windows, "1 or more")
    turn = np.empty(len(ratings), np.int64)
    turn[np.argsort(np.asarray(order), kind="stable")] = np.arange(len(ratings))
    gold_rows, right = against(ratings, gold)
    rows, offset = _offsets(ratings)
    why = NO_NUMBERS if ratings.numbers is None else NOTHING_SHARED
    found = {}
    for index, name in enumerate(ratings.raters):
        mine = ratings.rater[gold_rows] == index
        hits = right[mine][np.argsort(turn[gold_rows[mine]])]
        mine = ratings.rater[rows] == index
        leaning = offset[mine][np.argsort(turn[rows[mine]])]
        found[name] = Drift(
            tuple(proportion(int(part.sum()), len(part), "") for part in _windows(hits, windows)),
            accuracy_change(hits),
            tuple(_mean(part) for part in _windows(leaning, windows)),
            severity_change(leaning, why),
        )
    return found


def accuracy_change(hits: npt.NDArray[np.bool_]) -> Estimate:
    """Compare right or wrong in the last third with the first, oldest first."""
    third = len(hits) // 3
    if len(hits) < LEAST:
        return _too_few(len(hits), "gold items were rated")
    first, last = int(hits[:third].sum()), int(hits[-third:].sum())
    low, high = newcombe(last, third, first, third)
    change = (last - first) / third
    return Estimate(change, low, high, n=2 * third, n_raters=1, method=NEWCOMBE)


def newcombe(hits: int, n: int, other_hits: int, other_n: int) -> tuple[float, float]:
    """Return the interval of ``hits / n − other_hits / other_n`` from both Wilson intervals."""
    p, q = hits / n, other_hits / other_n
    (p_low, p_high), (q_low, q_high) = wilson(hits, n), wilson(other_hits, other_n)
    below = sqrt((p - p_low) ** 2 + (q_high - q) ** 2)
    above = sqrt((p_high - p) ** 2 + (q - q_low) ** 2)
    return p - q - below, p - q + above


def severity_change(leaning: FloatArray, undefined: str) -> Estimate:
    """Compare the mean of the last third with the first, oldest first."""
    third = len(leaning) // 3
    if not len(leaning):
        return Estimate(None, undefined=undefined)
    if len(leaning) < LEAST:
        return _too_few(len(leaning), "items were rated by others too")
    first, last = leaning[:third], leaning[-third:]
    change = float(last.mean() - first.mean())
    spread = np.array([first.var(ddof=1), last.var(ddof=1)]) / third
    if not spread.any():
        return Estimate(change, n=2 * third, n_raters=1, notes=("no interval: nothing varies",))
    freedom = float(spread.sum() ** 2 / (spread**2 / (third - 1)).sum())
    half = _t(freedom) * sqrt(float(spread.sum()))
    return Estimate(change, change - half, change + half, n=2 * third, n_raters=1, method=WELCH)


def _too_few(n: int, what: str) -> Estimate:
    return Estimate(None, n=n, undefined=f"undefined because only {n} {what}; {LEAST} are needed")


def _offsets(ratings: Ratings) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return the rows whose item others rated too, and rating minus the others' mean."""
    numbers = ratings.numbers
    if numbers is None:
        return np.zeros(0, np.int64), np.zeros(0)
    value = numbers[ratings.code]
    total = np.bincount(ratings.unit, value, minlength=len(ratings.units))
    rows = np.flatnonzero(ratings.per_unit[ratings.unit] > 1)
    unit, own = ratings.unit[rows], value[rows]
    return rows, own - (total[unit] - own) / (ratings.per_unit[unit] - 1)


def _windows(values: npt.NDArray[Any], count: int) -> list[npt.NDArray[Any]]:
    return [part for part in np.array_split(values, count) if len(part)]


def _mean(values: FloatArray) -> Estimate:
    mean = float(values.mean())
    if len(values) < 2 or not np.ptp(values):
        return Estimate(mean, n=len(values), n_raters=1)
    half = _t(len(values) - 1) * float(values.std(ddof=1)) / sqrt(len(values))
    return Estimate(mean, mean - half, mean + half, n=len(values), n_raters=1, method=STUDENT)


def _t(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t."""
    from scipy.special import stdtrit  # here, since web processes must not load scipy

    return float(stdtrit(freedom, 0.975))
