"""Krippendorff's α from coincidence matrices.

Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011). In an item that ``m`` annotators
rated, every ordered pair of ratings of different annotators adds 1 / (m − 1) to the cell ``(c, k)``
of the two ratings; items with one rating add nothing. With ``o`` the matrix, ``n_c`` its row sums,
``n`` their sum and ``δ`` the difference of two ratings:

    α = 1 − (n − 1) · Σ o_ck δ²_ck / Σ n_c n_k δ²_ck
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.resample import table

if TYPE_CHECKING:
    from scoring.agreement.data import FloatArray, Ratings

# (B, C) row sums → (B, C, C) or (C, C) squared differences
Difference = Callable[["FloatArray"], "FloatArray"]


def coincidences(ratings: Ratings) -> Any:
    """Return each problem's coincidence matrix as a row, ``(problems, C²)``."""
    left, right = ratings.pairs
    size = len(ratings.categories)
    unit = ratings.unit[left]
    amount = 1.0 / (ratings.per_unit[unit] - 1)
    first, second = ratings.code[left], ratings.code[right]
    problem = ratings.problem[unit]
    return table(
        np.concatenate([problem, problem]),
        np.concatenate([first * size + second, second * size + first]),
        np.concatenate([amount, amount]),
        (int(ratings.problem.max(initial=-1)) + 1, size * size),
    )


def alpha(sums: FloatArray, difference: Difference) -> FloatArray:
    """Compute α of ``(B, C²)`` coincidence matrices; NaN where all ratings are equal."""
    size = round(sums.shape[1] ** 0.5)
    cells = sums.reshape(len(sums), size, size)
    marginal = cells.sum(axis=2)
    apart = np.broadcast_to(difference(marginal), cells.shape)
    observed = (cells * apart).sum(axis=(1, 2))
    expected = np.einsum("bc,bk,bck->b", marginal, marginal, apart)
    values = np.full(len(cells), np.nan)
    scale = (marginal.sum(axis=1) - 1) * observed
    np.divide(scale, expected, out=values, where=expected > 0)
    return 1.0 - values


def nominal(marginal: FloatArray) -> FloatArray:
    """Equal or not: δ² = 1 for different categories."""
    return 1.0 - np.eye(marginal.shape[1])


def ordinal(marginal: FloatArray) -> FloatArray:
    """Ratings between the two: δ² = (Σ_{g=c..k} n_g − (n_c + n_k) / 2)².

    The sum is the distance between the categories' middle ranks.
    """
    middle = np.cumsum(marginal, axis=1) - marginal / 2
    return (middle[:, :, None] - middle[:, None, :]) ** 2


def interval(numbers: FloatArray) -> Difference:
    """Difference of the numbers themselves: δ² = (c − k)²."""
    apart = (numbers[:, None] - numbers[None, :]) ** 2

    def difference(marginal: FloatArray) -> FloatArray:
        return np.broadcast_to(apart, (len(marginal), *apart.shape))

    return difference
