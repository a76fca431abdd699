"""What an order is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.errors import InvalidError

if TYPE_CHECKING:
    from annotator.models import Project, RewardModel

IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Pool:
    """The candidates of a queue, in file order, gold among the others.

    Attributes:
        project: where they are.
        task: what is asked of them.
        problem: ``(N,)`` ids of problems; a problem's candidates stand together.
        trace, parent, gold: ``(N,)`` ids, 0 = none.
        seed: of the queue.
        model: the chosen model.
        options: the order's own.
        limit: how many ordinary items are wanted; None = all.
        left_out: how many were candidates but for an exam.
    """

    project: Project
    task: str
    problem: IntArray
    trace: IntArray
    parent: IntArray
    gold: IntArray
    seed: int = 0
    model: RewardModel | None = None
    options: dict[str, Any] = field(default_factory=dict)
    limit: int | None = None
    left_out: int = 0

    def __len__(self) -> int:
        """Count the candidates."""
        return len(self.problem)

    def shuffled(self) -> IntArray:
        """Return the candidates' places in a shuffle that only the seed decides."""
        return np.random.default_rng(self.seed).permutation(len(self)).astype(np.int64)

    def only(self, chosen: BoolArray) -> Pool:
        """Return the pool of the chosen candidates."""
        columns = ("problem", "trace", "parent", "gold")
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    @property
    def scoring_model(self) -> RewardModel:
        """The chosen model; ``queue_create`` sees to it that orders that need one have one.

        Raises:
            InvalidError: it was deleted meanwhile.
        """
        if self.model is None:
            reason = "The model of this queue was deleted before the queue was filled."
            raise InvalidError(reason, code="order_lacks")
        return self.model

    @property
    def model_version(self) -> str:
        """The model as it is written beside each item, "" where there is none."""
        return version_of(self.model) if self.model is not None else ""


@dataclass(frozen=True, eq=False)
class Ordered:
    """An order of a pool.

    Attributes:
        picks: ``(M,)`` indices into the pool, first to be served first, each at most once.
        propensity: ``(N,)`` by candidate: the probability with which it got into the queue; 1 where
            nothing was left to chance.
        why: what the order computed, by candidate and name, ``(N,)`` each; NaN is left out.
        model_version: what computed it.
        report: what to know about the order as a whole.
    """

    picks: IntArray
    propensity: FloatArray
    why: dict[str, FloatArray] = field(default_factory=dict)
    model_version: str = ""
    report: dict[str, Any] = field(default_factory=dict)

    def why_of(self, index: int) -> dict[str, float] | None:
        """Return the numbers of one candidate, None where there are none."""
        numbers = {
            name: round(float(values[index]), 6)
            for name, values in self.why.items()
            if np.isfinite(values[index])
        }
        return numbers or None

    def within(self, pool: Pool, chosen: BoolArray) -> Ordered:
        """Return the order of ``pool.only(chosen)`` as one of ``pool``; the others are not in it."""
        at = np.flatnonzero(chosen)

        def spread(values: FloatArray, missing: float) -> FloatArray:
            full = np.full(len(pool), missing)
            full[at] = values
            return full

        return replace(
            self,
            picks=at[self.picks],
            propensity=spread(self.propensity, 0.0),
            why={name: spread(values, np.nan) for name, values in self.why.items()},
        )


def version_of(model: RewardModel) -> str:
    """Return a model as it is written beside each item: ``name v2 (id 7)``."""
    return f"{model.name[:80]} v{model.version} (id {model.pk})"


def limited(pool: Pool, picks: IntArray) -> IntArray:
    """Cut an order to the pool's limit. Gold stays where it stands and does not count."""
    if pool.limit is None:
        return picks
    ordinary = pool.gold[picks] == 0
    kept: IntArray = picks[(np.cumsum(ordinary) <= pool.limit) | ~ordinary]
    return kept


def by_value(pool: Pool, value: FloatArray, **rest: Any) -> Ordered:
    """Order by ``value``, largest first.

    Ties and candidates without a value (NaN, last) are in the order of the seed's shuffle; gold
    without a value stands where the shuffle puts it, for at the end it would be known as gold.

    Args:
        pool: the candidates.
        value: ``(N,)``.
        **rest: further fields of ``Ordered``.
    """
    place = pool.shuffled()
    known = np.isfinite(value)
    ranked = np.lexsort((place, np.where(known, -value, np.inf)))
    stray = (pool.gold > 0) & ~known
    if stray.any():
        ranked = ranked[~stray[ranked]]
        at = np.sort((place[stray] / max(1, len(pool)) * (len(ranked) + 1)).astype(np.int64))
        ranked = np.insert(ranked, at, np.flatnonzero(stray)[np.argsort(place[stray])])
    return Ordered(picks=limited(pool, ranked), propensity=_chances(pool, value), **rest)


def _chances(pool: Pool, value: FloatArray) -> FloatArray:
    """Return how probable it is over all seeds that each candidate gets in.

    Only where the limit cuts a run of equal values (or of unknown ones) does the shuffle decide:
    each of them gets in with the places left over the size of the run.
    """
    chance = np.ones(len(pool))
    ordinary = pool.gold == 0
    if pool.limit is None or not ordinary.any():
        return chance
    keys = np.where(np.isfinite(value), -value, np.inf)[ordinary]
    _, run, size = np.unique(keys, return_inverse=True, return_counts=True)
    before = np.cumsum(size) - size
    chance[ordinary] = np.clip((pool.limit - before) / size, 0.0, 1.0)[run]
    return chance
