"""MACE: an annotator either rates an item truly or guesses, with habits of guessing.

Hovy, Berg-Kirkpatrick, Vaswani & Hovy, *Learning Whom to Trust with MACE*, NAACL 2013. Given the
true rating T, annotator j gives it with probability θ_j and otherwise draws from ξ_j, whatever T is:

    P(a | T = t) = θ_j · [a = t] + (1 − θ_j) · ξ_j(a)

The true rating is uniform. EM from several seeded starts, the most probable wins, as in the paper.
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
)
from scoring.errors import ParameterError

if TYPE_CHECKING:
    from scoring.agreement.data import FloatArray, Ratings

KEY, VERSION = "mace", "1"
_LEAST = 1e-300  # keeps the logarithm finite where an annotator never guesses


def fit(
    ratings: Ratings,
    *,
    smoothing: float = 0.01,
    restarts: int = 10,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> Consensus:
    """Estimate true ratings and how often each annotator does not guess.

    ``competence`` is θ. There is no confusion matrix: guesses do not depend on the truth.

    Args:
        ratings: of items; items with one rating take part.
        smoothing: events added to every count of θ and ξ.
        restarts: random starts.
        seed: of the starts; the same seed gives the same result.
        tolerance: smallest gain, in nats, that is worth another iteration.
        max_iterations: of each start.

    Raises:
        ParameterError: for a setting out of its range.
    """
    check(KEY, smoothing=smoothing, tolerance=tolerance, max_iterations=max_iterations)
    if restarts < 1:
        raise ParameterError(KEY, "restarts", restarts, "1 or more")
    if not ratings.n_compared:
        return nothing(KEY, VERSION, NOTHING_SHARED)
    merged = merge(ratings)
    few, weight = merged.ratings, merged.weight
    raters, size = len(ratings.raters), len(ratings.categories)
    rng = np.random.default_rng(seed)

    def improve(
        state: tuple[FloatArray, FloatArray, FloatArray, float],
    ) -> tuple[tuple[FloatArray, FloatArray, FloatArray, float], float]:
        theta, xi = _maximise(few, weight, state, smoothing)
        probability, height = posterior(_joint(few, theta, xi), weight)
        penalty = 0.0
        if smoothing:
            penalty = smoothing * float(np.log(theta).sum() + np.log1p(-theta).sum())
            penalty += smoothing * float(np.log(xi).sum())
        return (theta, xi, probability, height), height + penalty

    climbs = []
    for _ in range(restarts):
        theta = rng.uniform(0.5, 1.0, raters)
        xi = rng.dirichlet(np.ones(size), raters)
        start = (theta, xi, posterior(_joint(few, theta, xi), weight)[0], 0.0)
        climbs.append(climb(start, improve, tolerance=tolerance, max_iterations=max_iterations))
    (theta, _, probability, height), history, converged = max(climbs, key=lambda end: end[1][-1])
    return Consensus(
        KEY,
        VERSION,
        ratings.units,
        ratings.categories,
        ratings.raters,
        probability[merged.unit],
        np.full(size, 1.0 / size),
        competence=theta,
        history=tuple(history),
        log_likelihood=height,
        converged=converged,
        seed=seed,
    )


def _joint(ratings: Ratings, theta: FloatArray, xi: FloatArray) -> FloatArray:
    """Return ``(units, categories)`` log P(true, ratings)."""
    units, size = len(ratings.units), xi.shape[1]
    guess = _guess(ratings, theta, xi)
    gain = np.log(guess + theta[ratings.rater]) - np.log(guess)
    cell = ratings.unit * size + ratings.code
    named = np.bincount(cell, gain, minlength=units * size).reshape(units, size)
    guessed = np.bincount(ratings.unit, np.log(guess), minlength=units)
    joint: FloatArray = named + guessed[:, None] - np.log(size)
    return joint


def _guess(ratings: Ratings, theta: FloatArray, xi: FloatArray) -> FloatArray:
    """Return each rating's probability of having been guessed, ``(N,)``."""
    return np.maximum((1 - theta)[ratings.rater] * xi[ratings.rater, ratings.code], _LEAST)


def _maximise(
    ratings: Ratings,
    weight: FloatArray,
    state: tuple[FloatArray, FloatArray, FloatArray, float],
    smoothing: float,
) -> tuple[FloatArray, FloatArray]:
    """Return θ and ξ that are most probable given the items' probabilities."""
    theta, xi, probability, _ = state
    raters, size = xi.shape
    true = theta[ratings.rater]
    meant = probability[ratings.unit, ratings.code] * true
    meant /= true + _guess(ratings, theta, xi)
    cell = ratings.rater * size + ratings.code
    times = weight[ratings.unit]
    guessed = np.bincount(cell, times * (1 - meant), minlength=raters * size).reshape(raters, size)
    knew = np.bincount(ratings.rater, times * meant, minlength=raters)
    split = shares(np.stack([knew, guessed.sum(axis=1)], axis=1) + smoothing)
    return split[:, 0], shares(guessed + smoothing)
