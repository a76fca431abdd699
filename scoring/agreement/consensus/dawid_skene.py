"""Dawid–Skene: every annotator has a confusion matrix, every item a true rating.

Dawid & Skene, *Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm*,
Applied Statistics 28 (1979). Own code: crowd-kit's is well kept but brings pandas and more for these
forty lines, and keeps neither the log-likelihood nor the sparse columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.base import NOTHING_SHARED
from scoring.agreement.consensus.base import (
    Consensus,
    check,
    climb,
    merge,
    nothing,
    posterior,
    shares,
    votes,
)

if TYPE_CHECKING:
    from scoring.agreement.data import FloatArray, Ratings

KEY, VERSION = "dawid_skene", "1"


def fit(
    ratings: Ratings,
    *,
    smoothing: float = 0.01,
    tolerance: float = 1e-6,
    max_iterations: int = 200,
) -> Consensus:
    """Estimate true ratings and confusion matrices by EM, from the shares of votes.

    ``competence`` is the probability that the annotator rates an item right, over the prior.

    Args:
        ratings: of items; items with one rating take part.
        smoothing: ratings added to every cell of every confusion matrix; 0 as in the paper.
        tolerance: smallest gain, in nats, that is worth another iteration.
        max_iterations: after so many the climb stops and ``converged`` is False.

    Raises:
        ParameterError: for a setting out of its range.
    """
    check(KEY, smoothing=smoothing, tolerance=tolerance, max_iterations=max_iterations)
    if not ratings.n_compared:
        return nothing(KEY, VERSION, NOTHING_SHARED)
    merged = merge(ratings)
    few, rated = merged.ratings, merged.weight * (merged.ratings.per_unit > 0)
    start = shares(votes(few))

    def improve(
        state: tuple[FloatArray, FloatArray, FloatArray, float],
    ) -> tuple[tuple[FloatArray, FloatArray, FloatArray, float], float]:
        prior = rated @ state[0] / rated.sum()
        confusion = _confusion(few, state[0] * merged.weight[:, None], smoothing)
        probability, height = posterior(_joint(few, prior, confusion), merged.weight)
        penalty = smoothing * float(np.log(confusion).sum()) if smoothing else 0.0
        return (probability, prior, confusion, height), height + penalty

    empty = np.zeros(0)
    (probability, prior, confusion, height), history, converged = climb(
        (start, empty, empty, 0.0), improve, tolerance=tolerance, max_iterations=max_iterations
    )
    return Consensus(
        KEY,
        VERSION,
        ratings.units,
        ratings.categories,
        ratings.raters,
        probability[merged.unit],
        prior,
        competence=np.einsum("rjj,j->r", confusion, prior),
        confusion=confusion,
        history=tuple(history),
        log_likelihood=height,
        converged=converged,
    )


def _confusion(ratings: Ratings, weight: FloatArray, smoothing: float) -> FloatArray:
    """Estimate ``(raters, true, given)`` from how many items of each true rating a unit holds."""
    size, raters = len(ratings.categories), len(ratings.raters)
    cell = ratings.rater * size + ratings.code
    counts = [
        np.bincount(cell, weight[ratings.unit, true], minlength=raters * size)
        for true in range(size)
    ]
    return shares(np.stack(counts).reshape(size, raters, size).transpose(1, 0, 2) + smoothing)


def _joint(ratings: Ratings, prior: FloatArray, confusion: FloatArray) -> FloatArray:
    """Return ``(units, categories)`` log P(true, ratings); −∞ for what cannot be."""
    with np.errstate(divide="ignore"):
        log_prior: FloatArray = np.log(prior)
        log_confusion: FloatArray = np.log(confusion)
    units = len(ratings.units)
    columns = [
        np.bincount(ratings.unit, log_confusion[ratings.rater, true, ratings.code], minlength=units)
        for true in range(len(prior))
    ]
    joint: FloatArray = np.stack(columns, axis=1).astype(np.float64) + log_prior
    return joint
