"""What a consensus method gives, and the climb that both share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from scoring.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from scoring.agreement.data import FloatArray, IntArray, Name, Ratings

State = TypeVar("State")
_CELLS = 20_000_000


@dataclass(frozen=True, eq=False, slots=True)
class Consensus:
    """The most probable true ratings, and how good each annotator is.

    Attributes:
        method: key of the row.
        version: of the method.
        units: the items.
        categories: the ratings.
        raters: the annotators.
        probability: ``(units, categories)`` of each true rating, given everybody's.
        prior: ``(categories,)`` how frequent each true rating is.
        competence: ``(raters,)`` from 0 to 1; the method says what it means.
        confusion: ``(raters, true, given)`` probabilities, or None if the method has none.
        history: what was maximised after each iteration: the log-likelihood, and the logarithm of
            the smoothing's prior where there is one. It never falls.
        log_likelihood: of the ratings, in nats.
        converged: False if the iterations ran out first.
        seed: of the random starts, None without.
        undefined: why there is no consensus; the arrays are then empty.
    """

    method: str
    version: str
    units: tuple[Name, ...]
    categories: tuple[Any, ...]
    raters: tuple[Name, ...]
    probability: FloatArray
    prior: FloatArray
    competence: FloatArray
    confusion: FloatArray | None = None
    history: tuple[float, ...] = ()
    log_likelihood: float = 0.0
    converged: bool = True
    seed: int | None = None
    undefined: str = ""

    @property
    def choice(self) -> IntArray:
        """``(units,)`` position of the most probable rating; of equal ones the first."""
        choice: IntArray = np.argmax(self.probability, axis=1)
        return choice

    @property
    def iterations(self) -> int:
        """How often the estimates were improved."""
        return len(self.history)


def nothing(method: str, version: str, reason: str) -> Consensus:
    """Return the consensus of ratings that cannot have one."""
    none = np.zeros(0)
    return Consensus(method, version, (), (), (), np.zeros((0, 0)), none, none, undefined=reason)


def climb(
    state: State,
    improve: Callable[[State], tuple[State, float]],
    *,
    tolerance: float,
    max_iterations: int,
) -> tuple[State, list[float], bool]:
    """Improve until a step gains less than ``tolerance``.

    Returns:
        The last state, what was maximised after each step, and whether the climb ended by itself.
    """
    history: list[float] = []
    for _ in range(max_iterations):
        state, height = improve(state)
        history.append(height)
        if len(history) > 1 and history[-1] - history[-2] < tolerance:
            return state, history, True
    return state, history, False


def check(method: str, *, smoothing: float, tolerance: float, max_iterations: int) -> None:
    """Refuse settings with which no climb makes sense.

    Raises:
        ParameterError: naming the setting.
    """
    if not 0 <= smoothing < np.inf:
        raise ParameterError(method, "smoothing", smoothing, "a number from 0")
    if not 0 < tolerance < np.inf:
        raise ParameterError(method, "tolerance", tolerance, "a number above 0")
    if max_iterations < 1:
        raise ParameterError(method, "max_iterations", max_iterations, "1 or more")


@dataclass(frozen=True, eq=False, slots=True)
class Merged:
    """Ratings with one unit for all items that everybody rated alike.

    A hundred thousand steps with five annotators and three ratings have at most 243 of them, and an
    iteration costs what the units cost.

    Attributes:
        ratings: of the remaining units.
        weight: ``(units,)`` items that each stands for.
        unit: ``(items,)`` the unit that stands for each item.
    """

    ratings: Ratings
    weight: FloatArray
    unit: IntArray


def merge(ratings: Ratings) -> Merged:
    """Merge items with the same ratings; where the table of all is too large, none are merged."""
    units, size = len(ratings.units), len(ratings.categories)
    width = len(ratings.raters) * size
    if units * width > _CELLS:
        return Merged(ratings, np.ones(units), np.arange(units))
    cell = (ratings.unit * len(ratings.raters) + ratings.rater) * size + ratings.code
    table = np.bincount(cell, minlength=units * width).reshape(units, width)
    _, first, unit, times = np.unique(
        table.astype(np.int16), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    position = np.full(units, -1)
    position[first] = np.arange(len(first))
    rows = np.flatnonzero(position[ratings.unit] >= 0)
    kept = replace(
        ratings,
        unit=position[ratings.unit[rows]],
        rater=ratings.rater[rows],
        code=ratings.code[rows],
        units=tuple(ratings.units[index] for index in first),
        problem=ratings.problem[first],
    )
    return Merged(kept, times.astype(np.float64), unit)


def posterior(joint: FloatArray, weight: FloatArray) -> tuple[FloatArray, float]:
    """Turn ``(units, categories)`` log joint probabilities into posteriors and the log-likelihood."""
    top = joint.max(axis=1, keepdims=True)
    raised = np.exp(joint - top)
    total = raised.sum(axis=1, keepdims=True)
    return raised / total, float(weight @ (top + np.log(total)).ravel())


def shares(counts: npt.NDArray[np.floating[Any]]) -> FloatArray:
    """Divide by the sum over the last axis; what has no count becomes uniform."""
    total = counts.sum(axis=-1, keepdims=True)
    uniform = np.full(counts.shape, 1.0 / counts.shape[-1])
    np.divide(counts, total, out=uniform, where=total > 0)
    return uniform


def votes(ratings: Ratings) -> FloatArray:
    """Count each item's ratings, ``(units, categories)``."""
    size = len(ratings.categories)
    cells = np.bincount(ratings.unit * size + ratings.code, minlength=len(ratings.units) * size)
    counts: FloatArray = cells.reshape(-1, size).astype(np.float64)
    return counts
