"""Weighted Cohen's κ of every pair of annotators, and their mean.

Cohen, *Weighted kappa*, Psychological Bulletin 70 (1968); the mean over pairs is Light's (1971).
scikit-learn's function takes one pair at a time, which a thousand resamplings of ten pairs cannot
afford; the tests hold this code against it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.agreement.base import ALL_EQUAL, NO_ORDER, NOTHING_SHARED, Agreement, Pair
from scoring.resample import Estimate, Resampling, estimate, table

if TYPE_CHECKING:
    from scoring.agreement.data import FloatArray, Ratings


def linear(ratings: Ratings, resampling: Resampling) -> Agreement:
    """Weigh a disagreement by the number of categories between."""
    return _weighted(ratings, 1, resampling)


def quadratic(ratings: Ratings, resampling: Resampling) -> Agreement:
    """Weigh a disagreement by the square of the number of categories between."""
    return _weighted(ratings, 2, resampling)


def _weighted(ratings: Ratings, power: int, resampling: Resampling) -> Agreement:
    if not ratings.ordered:
        return Agreement(Estimate(None, undefined=NO_ORDER))
    size = len(ratings.categories)
    place = np.arange(size)
    weight = np.abs(place[:, None] - place[None, :]).astype(np.float64) ** power
    couples, which = ratings.couples
    parts = _confusions(ratings)
    sums = np.asarray(parts.sum(axis=0), np.float64).reshape(1, -1)
    together = np.bincount(which, minlength=len(couples))
    pairs = tuple(
        Pair(
            ratings.raters[first],
            ratings.raters[second],
            float(value) if np.isfinite(value) else None,
            int(n),
            "" if np.isfinite(value) else ALL_EQUAL,
        )
        for (first, second), value, n in zip(
            couples, pair_kappas(sums, weight)[0], together, strict=True
        )
    )
    without = sum(pair.value is None for pair in pairs)
    return Agreement(
        estimate(
            parts,
            partial(_mean, weight=weight),
            undefined=ALL_EQUAL if pairs else NOTHING_SHARED,
            n=ratings.n_compared,
            n_raters=ratings.n_comparing,
            resampling=resampling,
            notes=(f"{without} of {len(pairs)} pairs without a value left out",) if without else (),
        ),
        pairs,
    )


def _confusions(ratings: Ratings) -> Any:
    """Return each problem's confusion matrices of all couples, ``(problems, couples · C²)``."""
    left, right = ratings.pairs
    couples, which = ratings.couples
    size = len(ratings.categories)
    return table(
        ratings.problem[ratings.unit[left]],
        (which * size + ratings.code[left]) * size + ratings.code[right],
        np.ones(len(left)),
        (int(ratings.problem.max(initial=-1)) + 1, len(couples) * size * size),
    )


def pair_kappas(sums: FloatArray, weight: FloatArray) -> FloatArray:
    """Compute κ = 1 − N · Σ w o / Σ w r_c k_c of each couple; ``(B, couples · C²)`` → ``(B, couples)``.

    ``r`` and ``k`` are the row and column sums, ``N`` the common items; NaN where they say nothing.
    """
    size = max(len(weight), 1)
    cells = sums.reshape(len(sums), sums.shape[1] // (size * size), size, size)
    observed = np.einsum("bpck,ck->bp", cells, weight)
    expected = np.einsum("bpc,bpk,ck->bp", cells.sum(axis=3), cells.sum(axis=2), weight)
    values = np.full(observed.shape, np.nan)
    np.divide(cells.sum(axis=(2, 3)) * observed, expected, out=values, where=expected > 0)
    return 1.0 - values


def _mean(sums: FloatArray, weight: FloatArray) -> FloatArray:
    """Average κ over the couples that have one."""
    values = pair_kappas(sums, weight)
    known = np.isfinite(values)
    mean = np.full(len(values), np.nan)
    np.divide(
        np.where(known, values, 0).sum(axis=1), known.sum(axis=1), out=mean, where=known.any(axis=1)
    )
    return mean
