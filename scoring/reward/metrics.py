"""How well numbers rank labels, with intervals that respect problems. Numpy only.

Steps of one problem are not independent, so intervals resample *problems* with replacement, by
``scoring.resample``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring import areas
from scoring.resample import Resampling, percentiles, replicates

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
RESAMPLES = 500
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Metric:
    """One number with its interval.

    Attributes:
        value: None where it is undefined (for instance one class only).
        low: lower end of the 95 % interval, None where undefined.
        high: upper end.
        n: labelled steps it was computed from.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    def to_dict(self) -> dict[str, float | int | None]:
        """Return it as plain JSON."""
        return asdict(self)


def auroc(scores: Floats, labels: Bools) -> float:
    """Probability that a random positive scores above a random negative; ties count half.

    Returns:
        NaN if either class is missing.
    """
    if labels.all() or not labels.any():
        return float("nan")
    return float(areas.auroc(*_above(scores, labels))[0])


def average_precision(scores: Floats, labels: Bools) -> float:
    """Mean precision over the positives, equal scores taken as one threshold.

    Returns:
        NaN if there is no positive.
    """
    if not labels.any():
        return float("nan")
    return float(areas.average_precision(*_above(scores, labels))[0])


def with_interval(
    statistic: Callable[[Floats, Bools], float],
    scores: Floats,
    labels: Bools,
    groups: Ints,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Metric:
    """Compute a statistic and its percentile interval by resampling groups.

    Args:
        statistic: takes scores and labels.
        scores: ``(K,)``.
        labels: ``(K,)`` True = positive.
        groups: ``(K,)`` which problem each step belongs to.
        seed: of the resampling.
        resamples: how many; those in which the statistic is undefined are left out.
    """
    draws = _draws(statistic, scores, labels, groups, seed, resamples)
    return _metric(statistic(scores, labels), draws, len(labels))


def compared(
    statistic: Callable[[Floats, Bools], float],
    scores: Floats,
    baseline: Floats,
    labels: Bools,
    groups: Ints,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[Metric, Metric, Metric]:
    """Compute a statistic of two rankings of the same steps, and of their difference.

    Both are computed on the same resampled problems, so that what makes a draw easy for one and for
    the other cancels in the difference.

    Args:
        statistic: takes scores and labels.
        scores: ``(K,)`` the ranking in question.
        baseline: ``(K,)`` what it is compared with.
        labels: ``(K,)`` True = positive.
        groups: ``(K,)`` which problem each step belongs to.
        seed: of the resampling.
        resamples: how many.

    Returns:
        The statistic of ``scores``, that of ``baseline``, and the first minus the second.
    """
    ours = _draws(statistic, scores, labels, groups, seed, resamples)
    theirs = _draws(statistic, baseline, labels, groups, seed, resamples)
    value, base = statistic(scores, labels), statistic(baseline, labels)
    n = len(labels)
    return (
        _metric(value, ours, n),
        _metric(base, theirs, n),
        _metric(value - base, ours - theirs, n),
    )


def _draws(
    statistic: Callable[[Floats, Bools], float],
    scores: Floats,
    labels: Bools,
    groups: Ints,
    seed: int,
    resamples: int,
) -> Floats:
    """Return the statistic on resampled problems; the same problems for the same seed.

    Returns:
        ``(resamples,)``, NaN where it is undefined; empty for fewer than two problems.
    """
    problems, problem = np.unique(groups, return_inverse=True)
    if len(problems) < 2:
        return np.zeros(0)

    def of_drawn(times: Floats) -> Floats:
        # One resampling after the other: its copies of K steps are the most that is held.
        copies = (row[problem] for row in times.astype(np.int64))
        return np.array([statistic(np.repeat(scores, n), np.repeat(labels, n)) for n in copies])

    return replicates(np.eye(len(problems)), of_drawn, Resampling(resamples, seed))


def _metric(value: float, draws: Floats, n: int) -> Metric:
    """Join a value and the percentiles of its draws; undefined draws are left out."""
    if np.isnan(value):
        return Metric(None, None, None, n)
    low, high = percentiles(draws, LEVEL) or (None, None)
    return Metric(value, low, high, n)


def _above(scores: Floats, labels: Bools) -> tuple[Floats, Floats]:
    order, ends = areas.thresholds(scores)
    return areas.above(labels[order], np.ones((1, len(order))), ends)
