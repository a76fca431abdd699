"""Labelled trees: what a run learns from, split by problem and checked before it starts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scoring.tree import Tree

Floats = npt.NDArray[np.float64]
POSITIVE = 0.5
"""Targets from here on count as right wherever a class is needed."""


@dataclass(frozen=True, slots=True)
class RankedPair:
    """What rankings say of two nodes.

    Attributes:
        level: ``step``, ``branch`` or ``trace``; the nodes are where the ranked texts end.
        better: node position; of a tie, either.
        worse: node position.
        tie: True if they were found equal.
        distance: how far apart, in the units of the ranking; 0 for a tie.
        criterion: under which alone this is said, "" = on the whole.
        rater: who alone says it, "" = all that count together.
    """

    level: str
    better: int
    worse: int
    tie: bool = False
    distance: float = 1.0
    criterion: str = ""
    rater: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """One order of nodes: tiers, best first, how much it counts, and what its nodes are the ends of."""

    tiers: tuple[tuple[int, ...], ...]
    weight: float = 1.0
    level: str = "trace"


@dataclass(frozen=True, slots=True)
class Ranked:
    """Everything that rankings say of one tree.

    Attributes:
        pairs: one answer per compared pair.
        rankings: whole rankings.
        spoken: (level, item, item) of every pair that somebody ranked, whatever the answer. Items are
            node positions, for traces their numbers in ``Tree.ends``.
        criteria: those of the project, the most important first.
        by_criterion: one answer per compared pair and criterion, "" = rankings on the whole.
        by_rater: one answer per compared pair and rater, without final decisions.
    """

    pairs: tuple[RankedPair, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    spoken: tuple[tuple[str, int, int], ...] = ()
    criteria: tuple[str, ...] = ()
    by_criterion: tuple[RankedPair, ...] = ()
    by_rater: tuple[RankedPair, ...] = ()

    def spoken_of(self, level: str) -> list[tuple[int, int]]:
        """Return the items of the pairs of one level."""
        return [(a, b) for of, a, b in self.spoken if of == level]


@dataclass(frozen=True, slots=True)
class SpanTarget:
    """What was said of the steps ``first`` … ``last`` of one path, read as one unit.

    Attributes:
        first: node position.
        last: node position, below ``first``.
        value: target in [0, 1].
        weight: how much it counts.
    """

    first: int
    last: int
    value: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TrainingTree:
    """One problem's tree with what was said of it.

    Attributes:
        problem_key: equal for all trees of a problem; splits and intervals go by it.
        problem_text: the prompt.
        tree: N nodes; its outcomes and search values are targets too.
        targets: ``(N,)`` in [0, 1], NaN = none (always at the root).
        weights: ``(N,)`` relative weight of each target, None = 1 each.
        ranked: what rankings say.
        spans: targets of runs of two steps or more.
    """

    problem_key: str
    problem_text: str
    tree: Tree
    targets: Floats
    weights: Floats | None = None
    ranked: Ranked = field(default_factory=Ranked)
    spans: tuple[SpanTarget, ...] = ()

    def __post_init__(self) -> None:
        for name in ("targets", "weights"):
            column = getattr(self, name)
            if column is not None and np.shape(column) != (len(self.tree),):
                raise TrainingError(
                    f"{name} of problem '{self.problem_key}' have shape {np.shape(column)}; "
                    f"its tree has {len(self.tree)} nodes"
                )
        known = self.targets[~np.isnan(self.targets)]
        if len(known) and (known.min() < 0 or known.max() > 1):
            raise TrainingError(f"a target of problem '{self.problem_key}' is outside 0 … 1")

    @property
    def labelled(self) -> npt.NDArray[np.int64]:
        """Positions of the steps with a target, root left out."""
        nodes = np.flatnonzero(~np.isnan(self.targets))
        return nodes[nodes > 0].astype(np.int64)

    def effective_weights(self, weighting: str) -> Floats:
        """Return ``(N,)`` weights under ``per_node`` or ``per_leaf``; 0 without a target."""
        weights = np.ones(len(self.tree)) if self.weights is None else self.weights.astype(float)
        if weighting == "per_leaf":
            weights = weights * leaves_below(self.tree)
        known = np.zeros(len(self.tree), dtype=bool)
        known[self.labelled] = True
        return np.where(known, weights, 0.0)


def leaves_below(tree: Tree) -> Floats:
    """Return ``(N,)`` how many leaves each node's subtree has (1 at a leaf)."""
    is_leaf = tree.subtree_end == np.arange(1, len(tree) + 1)
    before = np.concatenate(([0], np.cumsum(is_leaf)))
    counts: Floats = (before[tree.subtree_end] - before[:-1]).astype(np.float64)
    return counts


def split_by_problem(
    trees: Iterable[TrainingTree], held_out: float, *, seed: int = 0
) -> tuple[list[TrainingTree], list[TrainingTree]]:
    """Put every problem on one side, by a hash of its key that no other problem can change.

    With at least two problems and ``held_out`` above 0 neither side is empty.

    Returns:
        Training trees and held-out trees, in the order given.
    """
    items = list(trees)
    order = sorted({item.problem_key for item in items}, key=lambda key: _place(key, seed))
    chosen = {key for key in order if _place(key, seed) < held_out}
    if held_out > 0 and len(order) > 1:
        chosen = chosen or {order[0]}
        if len(chosen) == len(order):
            chosen.discard(order[-1])
    train = [item for item in items if item.problem_key not in chosen]
    return train, [item for item in items if item.problem_key in chosen]


def data_hash(trees: Iterable[TrainingTree]) -> str:
    """Return 16 hex digits that change with any text, shape, target, weight, outcome, ranking or span."""
    digest = hashlib.sha256()
    for item in trees:
        parts = [item.problem_key, item.problem_text, *map(str, item.tree.text[1:])]
        digest.update("\0".join(parts).encode("utf-8", "surrogatepass"))
        for column in (item.tree.parent, item.targets, item.effective_weights("per_node")):
            digest.update(np.ascontiguousarray(column).tobytes())
        tree = item.tree
        for column in (tree.ends, tree.outcomes, tree.value):
            digest.update(np.ascontiguousarray(column).tobytes())
        digest.update(repr(item.ranked).encode())
        if item.spans:
            digest.update(repr(item.spans).encode())
    return digest.hexdigest()[:16]


def _place(key: str, seed: int) -> float:
    """Where a problem falls in [0, 1)."""
    digest = hashlib.blake2b(f"{seed}:{key}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest()) / 2**64
