"""Maximum of a concave log-likelihood of strengths, with its curvature. Numpy only.

All models here are concave in the log-strengths and their tie parameter, so Newton's method with
step halving finds the one maximum, and the curvature there gives the standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from scoring.errors import UndefinedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scoring.preference.data import Comparisons, Floats, Ints

MAX_STEPS = 200
TOLERANCE = 1e-12
"""Stop when a Newton step would raise the log-likelihood by less than this times its size."""


@dataclass(frozen=True, eq=False, slots=True)
class Point:
    """A log-likelihood at one place: value, ``(m,)`` gradient, ``(m, m)`` second derivatives."""

    value: float
    gradient: Floats
    hessian: Floats


class Likelihood(Protocol):
    """A model with its data. Parameters are n log-strengths, then its tie parameter if it has one.

    Attributes:
        n: number of strengths.
        start: ``(n,)`` or ``(n + 1,)`` values to begin at.
        tie: name of the tie parameter, "" if the model or the data have none.
        notes: sentences about the data that a reader of the numbers must know.
    """

    n: int
    start: Floats
    tie: str
    notes: tuple[str, ...]

    def __call__(self, theta: Floats) -> Point:
        """Evaluate at ``theta``; value -inf where the tie parameter is out of its range."""


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """The maximum.

    Attributes:
        theta: parameters, log-strengths of each group centred at 0.
        covariance: of ``theta``, from the observed information (with the prior's, if any).
        log_likelihood: of the data alone, without the prior.
        steps: Newton steps taken.
    """

    theta: Floats
    covariance: Floats
    log_likelihood: float
    steps: int


def maximise(
    likelihood: Likelihood, groups: Sequence[Sequence[int]], prior_sd: float, start: Floats
) -> Fit:
    """Find the maximum of the likelihood times the prior.

    Args:
        likelihood: concave.
        groups: positions linked by comparisons; strengths of two groups share no scale.
        prior_sd: standard deviation of a normal prior with mean 0 on every parameter, 0 = none.
            Without it the maximum must exist; the caller checks.
        start: where to begin.

    Raises:
        UndefinedError: if the method does not settle, which a concave function with a maximum
            cannot cause.
    """
    penalty = _penalty(len(start), likelihood.n, groups, prior_sd)
    theta = start
    here = likelihood(theta)
    value = here.value - theta @ penalty @ theta / 2
    for step in range(1, MAX_STEPS + 1):
        gradient = here.gradient - penalty @ theta
        curvature = penalty - here.hessian
        move = np.linalg.solve(curvature, gradient)
        gain = float(gradient @ move) / 2
        if gain <= TOLERANCE * (1 + abs(value)):
            return _settled(likelihood, groups, theta, curvature, here.value, step)
        length = 1.0
        while True:
            there = theta + length * move
            point = likelihood(there)
            raised = point.value - there @ penalty @ there / 2
            if raised >= value + 0.1 * length * gain or length < 1e-10:
                break
            length /= 2
        theta, here, value = there, point, raised
    raise UndefinedError(f"the strengths did not settle in {MAX_STEPS} steps")


def _penalty(size: int, n: int, groups: Sequence[Sequence[int]], prior_sd: float) -> Floats:
    """Return the prior's precision plus one that only holds each group's mean at 0.

    Likelihoods do not change when a group is shifted, so the second part moves no estimate; it
    makes the matrix invertible.
    """
    penalty = np.zeros((size, size))
    if prior_sd:
        penalty += np.eye(size) / prior_sd**2
    for group in groups:
        penalty[np.ix_(group, group)] += 1 / len(group)
    return penalty


def _settled(
    likelihood: Likelihood,
    groups: Sequence[Sequence[int]],
    theta: Floats,
    curvature: Floats,
    value: float,
    steps: int,
) -> Fit:
    centre = np.eye(len(theta))
    for group in groups:
        centre[np.ix_(group, group)] -= 1 / len(group)
    covariance = centre @ np.linalg.inv(curvature) @ centre.T
    return Fit(centre @ theta, covariance, value, steps)


class PairLikelihood:
    """A model of pairs: each answer depends on the difference of two log-strengths.

    ``kernel(difference, tie, counts)`` gives the log-likelihood of every pair and its derivatives:
    rows value, d/dx, d²/dx², d/dt, d²/dt², d²/dxdt of shape ``(6, P)``.
    """

    def __init__(
        self,
        data: Comparisons,
        kernel: Callable[[Floats, float, Floats], Floats],
        *,
        counts: Floats,
        tie: str = "",
        tie_start: float = 0.0,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Keep the data; ``tie`` names the tie parameter, "" fixes it at 0."""
        self.n = len(data.items)
        self.tie = tie
        self.notes = notes
        self.start = np.append(np.zeros(self.n), [tie_start] if tie else [])
        self._first, self._second = data.pairs.T
        self._counts = counts
        self._kernel = kernel

    def __call__(self, theta: Floats) -> Point:
        """Sum over pairs."""
        n, first, second = self.n, self._first, self._second
        tie = float(theta[n]) if self.tie else 0.0
        value, dx, dxx, dt, dtt, dxt = self._kernel(theta[first] - theta[second], tie, self._counts)
        gradient = np.zeros(len(theta))
        gradient[:n] = _net(first, second, dx, n)
        hessian = np.zeros((len(theta), len(theta)))
        np.add.at(hessian, (first, first), dxx)
        np.add.at(hessian, (second, second), dxx)
        np.add.at(hessian, (first, second), -dxx)
        np.add.at(hessian, (second, first), -dxx)
        if self.tie:
            gradient[n] = dt.sum()
            hessian[n, n] = dtt.sum()
            hessian[:n, n] = hessian[n, :n] = _net(first, second, dxt, n)
        return Point(float(value.sum()), gradient, hessian)


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + e^-x) without overflow."""
    return np.asarray((1 + np.tanh(x / 2)) / 2)


def _net(first: Ints, second: Ints, values: Floats, n: int) -> Floats:
    """Add ``values`` at the first of each pair and take them away at the second."""
    return np.asarray(
        np.bincount(first, values, minlength=n) - np.bincount(second, values, minlength=n)
    )
