"""Comparisons of two places: what every source of pairs shares."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scoring.errors import TrainingError
from scoring.preference.groups import sample
from scoring.training.objectives.compared import ComparedPaths
from scoring.training.objectives.units import PairUnits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.preference.groups import Group
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.units import Ints
    from scoring.tree import Tree

TIE = 0.5


class Comparison(NamedTuple):
    """Two nodes of a tree, the better one first, and how far apart they are (0 for a tie)."""

    better: int
    worse: int
    preference: float = 1.0
    distance: float = 1.0


class Pairs(ComparedPaths):
    """The base of sources of pairs; the kind's config is a ``PairConfig``."""

    noun = "comparisons"
    missing: str

    def __init__(self, config: RunConfig, _trees: Sequence[TrainingTree] = ()) -> None:
        self.config: Any = config.model

    @abstractmethod
    def compared(self, item: TrainingTree) -> Iterator[Comparison]:
        """Yield the comparisons of a tree."""

    def weight(self, _depth: Ints) -> np.ndarray[Any, Any]:
        """Return how much comparisons with so many common steps count."""
        return np.ones(len(_depth))

    def units(self, item: TrainingTree) -> PairUnits:
        """Return the comparisons of a tree with their weights and common steps."""
        found = list(self.compared(item))
        if not found:
            return PairUnits.none()
        first, second, preference, distance = map(np.array, zip(*found, strict=True))
        depth = np.array([common_steps(item.tree, a, b) for a, b, _, _ in found], dtype=np.int64)
        weights = self.weight(depth)
        if self.config.balance == "per_problem":
            weights = weights / weights.sum()
        return PairUnits(
            first.astype(np.int64),
            second.astype(np.int64),
            preference.astype(np.float64),
            distance.astype(np.float64),
            weights.astype(np.float64),
            depth,
        )

    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that there are comparisons, and that not all are ties."""
        found = [self.units(item) for item in trees]
        if not any(len(units) for units in found):
            raise TrainingError(self.missing)
        if not any((units.preference != TIE).any() for units in found):
            ties = sum(len(units) for units in found)
            raise TrainingError(
                f"all {ties} comparisons are ties, so nothing is preferred to anything: rank answers "
                "that differ, or choose a kind that learns from step labels"
            )

    def decided(self, units: PairUnits) -> tuple[Ints, Ints]:
        """Return both sides of the comparisons that prefer one of the two."""
        chosen = units.preference != TIE
        return units.first[chosen], units.second[chosen]

    def ties(self, units: PairUnits) -> int:
        """Count the comparisons that prefer neither."""
        return int((units.preference == TIE).sum())


def common_steps(tree: Tree, one: int, other: int) -> int:
    """Return how many steps the paths to two nodes have in common: the depth of their fork."""
    node = one
    while not node <= other < tree.subtree_end[node]:
        node = int(tree.parent[node])
    return int(tree.depth[node])


def drawn(groups: Sequence[Group], key: str, most: int) -> Iterator[Comparison]:
    """Yield at most ``most`` of the groups' decided pairs, the same ones for the same key."""
    ends = np.cumsum([len(group) for group in groups])
    for number in sample(key, int(ends[-1]) if groups else 0, most):
        at = int(np.searchsorted(ends, number, side="right"))
        better, worse = groups[at].pair(number - (int(ends[at - 1]) if at else 0))
        yield Comparison(better.node, worse.node, 1.0, better.value - worse.value)
