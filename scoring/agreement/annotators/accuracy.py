"""Accuracy against gold, with the interval of Wilson (1927)."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.resample import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from scoring.agreement.data import IntArray, Name, Ratings

Z = 1.96
METHOD = "Wilson score interval, z = 1.96"
NO_GOLD = "undefined because no gold item was rated"


def gold_accuracy(ratings: Ratings, gold: Mapping[Name, Any]) -> dict[Name, Estimate]:
    """Compare each annotator's ratings with the gold; items without gold are left out.

    Args:
        ratings: of items.
        gold: true rating by item.

    Returns:
        By annotator, in the ratings' order; ``n`` counts gold items.
    """
    rows, right = against(ratings, gold)
    known = np.bincount(ratings.rater[rows], minlength=len(ratings.raters))
    hits = np.bincount(ratings.rater[rows][right], minlength=len(ratings.raters))
    return {
        name: proportion(int(hit), int(n), NO_GOLD)
        for name, hit, n in zip(ratings.raters, hits, known, strict=True)
    }


def against(ratings: Ratings, gold: Mapping[Name, Any]) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return the rows whose item has gold, and whether each is right."""
    place = {value: index for index, value in enumerate(ratings.categories)}
    # −1: no gold; −2: a gold rating that nobody gave, so everybody is wrong
    true = np.array(
        [place.get(gold[name], -2) if name in gold else -1 for name in ratings.units], np.int64
    )
    rows = np.flatnonzero(true[ratings.unit] != -1)
    return rows, ratings.code[rows] == true[ratings.unit[rows]]


def proportion(hits: int, n: int, undefined: str) -> Estimate:
    """Return a share with its interval, or the reason if ``n`` is 0."""
    if not n:
        return Estimate(None, undefined=undefined)
    low, high = wilson(hits, n)
    return Estimate(hits / n, low, high, n=n, n_raters=1, method=METHOD)


def wilson(hits: int, n: int, z: float = Z) -> tuple[float, float]:
    """Return the score interval of ``hits`` of ``n``.

    ``(p + z²/2n ± z √(p (1 − p) / n + z²/4n²)) / (1 + z²/n)``
    """
    p = hits / n
    middle = p + z * z / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # at 0 and n hits an end is exactly 0 or 1, but for rounding
    low = (middle - half) / scale if hits else 0.0
    high = (middle + half) / scale if hits < n else 1.0
    return low, high
