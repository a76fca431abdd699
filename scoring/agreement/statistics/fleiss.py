"""Fleiss' κ: agreement beyond chance of a fixed number of ratings per item.

Fleiss, *Measuring nominal scale agreement among many raters*, Psychological Bulletin 76 (1971).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.agreement.base import ALL_EQUAL, NOTHING_SHARED, Agreement
from scoring.resample import Estimate, Resampling, estimate, table

if TYPE_CHECKING:
    import numpy.typing as npt

    from scoring.agreement.data import FloatArray, IntArray, Ratings


def kappa(ratings: Ratings, resampling: Resampling) -> Agreement:
    """Compute κ of the items with the most frequent number of ratings (two or more).

    Items with another number are left out and counted in the notes: the formula needs one number
    for all. Krippendorff's α needs no such choice.
    """
    if not ratings.n_compared:
        return Agreement(Estimate(None, undefined=NOTHING_SHARED))
    often = np.bincount(ratings.per_unit)
    often[:2] = 0
    m = len(often) - 1 - int(np.argmax(often[::-1]))  # the larger of two equally frequent numbers
    chosen = ratings.per_unit == m
    rows = np.flatnonzero(chosen[ratings.unit])
    left_out = ratings.n_compared - int(chosen.sum())
    return Agreement(
        estimate(
            _parts(ratings, chosen, rows, m),
            _kappa,
            undefined=ALL_EQUAL,
            n=int(chosen.sum()),
            n_raters=len(np.unique(ratings.rater[rows])),
            resampling=resampling,
            notes=(f"{left_out} items without exactly {m} ratings left out",) if left_out else (),
        )
    )


def _parts(ratings: Ratings, chosen: npt.NDArray[np.bool_], rows: IntArray, m: int) -> Any:
    """Return items, agreement P and ratings by category of each problem, ``(problems, 2 + C)``."""
    size = len(ratings.categories)
    units = len(ratings.units)
    cell = ratings.unit[rows] * size + ratings.code[rows]
    counts = np.bincount(cell, minlength=units * size).reshape(units, size)[chosen]
    share = (counts * (counts - 1)).sum(axis=1) / (m * (m - 1))
    columns = np.column_stack([np.ones(len(counts)), share, counts])
    width = columns.shape[1]
    problem = np.repeat(ratings.problem[chosen], width)
    place = np.tile(np.arange(width), len(columns))
    shape = (int(ratings.problem.max(initial=-1)) + 1, width)
    return table(problem, place, columns.ravel(), shape)


def _kappa(sums: FloatArray) -> FloatArray:
    """Compute κ = (P̄ − P̄ₑ) / (1 − P̄ₑ) of ``(B, 2 + C)`` sums."""
    values = np.full(len(sums), np.nan)
    marginal = sums[:, 2:]
    total = marginal.sum(axis=1)
    used = (total > 0) & (marginal.max(axis=1, initial=0) < total)
    chance = ((marginal[used] / total[used, None]) ** 2).sum(axis=1)
    values[used] = (sums[used, 1] / sums[used, 0] - chance) / (1 - chance)
    return values
