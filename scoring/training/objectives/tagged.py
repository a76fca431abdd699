"""Comparisons with a number each: by which criterion, or by whom. Numpy until ``tensors``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import torch

from scoring.reward.units import TaggedTensors
from scoring.training.objectives.compared import ComparedPaths
from scoring.training.objectives.pairs import TIE, common_steps
from scoring.training.objectives.units import PairUnits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.training.objectives.units import Floats, Ints
    from scoring.tree import Tree


class Tagged(NamedTuple):
    """A comparison of two nodes, the better one first; or, of a node with itself, a label of it."""

    tag: int
    first: int
    second: int
    preference: float
    distance: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TaggedUnits:
    """Comparisons and labels of places.

    Attributes:
        pairs: the comparisons; a label is one of a place with itself.
        tag: ``(U,)`` a number each.
    """

    pairs: PairUnits
    tag: Ints

    @classmethod
    def of(cls, tree: Tree, found: Iterable[Tagged]) -> Self:
        """Build them over the nodes of a tree."""
        rows = list(found)
        if not rows:
            return cls(PairUnits.none(), np.zeros(0, dtype=np.int64))
        tag, first, second, preference, distance, weight = map(np.array, zip(*rows, strict=True))
        depth = np.array([common_steps(tree, r.first, r.second) for r in rows], dtype=np.int64)
        pairs = PairUnits(
            first.astype(np.int64),
            second.astype(np.int64),
            preference.astype(np.float64),
            distance.astype(np.float64),
            weight.astype(np.float64),
            depth,
        )
        return cls(pairs, tag.astype(np.int64))

    def __len__(self) -> int:
        """Count the units."""
        return len(self.pairs)

    @property
    def weights(self) -> Floats:
        """``(U,)`` how much each unit counts."""
        return self.pairs.weights

    @property
    def compares(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """``(U,)`` True for comparisons, False for labels."""
        return self.pairs.first != self.pairs.second

    @property
    def decided(self) -> Ints:
        """Numbers of the comparisons that prefer one of the two."""
        chosen = self.compares & (self.pairs.preference != TIE)
        return np.flatnonzero(chosen).astype(np.int64)

    def members(self) -> list[Ints]:
        """Return the places of each unit; of a label, its one place twice."""
        return self.pairs.members()

    def take(self, chosen: Ints) -> Self:
        """Return these units only."""
        return type(self)(self.pairs.take(chosen), self.tag[chosen])

    def told_apart(self, same: Ints) -> tuple[Self, int]:
        """Leave out the comparisons of equal texts."""
        equal = self.compares & (same[self.pairs.first] == same[self.pairs.second])
        return self.take(np.flatnonzero(~equal).astype(np.int64)), int(equal.sum())

    def placed(self, place: Ints) -> Self:
        """Return the same units with each place ``i`` called ``place[i]``."""
        return type(self)(self.pairs.placed(place), self.tag)

    @classmethod
    def join(cls, parts: Sequence[Self], reads: Sequence[int]) -> Self:
        """Put units of several rows one after another."""
        pairs = PairUnits.join([part.pairs for part in parts], reads)
        return cls(pairs, np.concatenate([part.tag for part in parts]))

    def tensors(self, device: torch.device | str) -> TaggedTensors:
        """Return the comparisons and their numbers on a device."""
        tag = torch.from_numpy(self.tag.astype(np.int64)).to(device)
        return TaggedTensors(self.pairs.tensors(device), tag)


class TaggedPaths(ComparedPaths):
    """The base of objectives whose rewards are a row per place, of which a unit's tag picks one."""

    def decided(self, units: TaggedUnits) -> tuple[Ints, Ints]:
        """Return both sides of the comparisons that prefer one of the two."""
        return units.pairs.first[units.decided], units.pairs.second[units.decided]

    def ties(self, units: TaggedUnits) -> int:
        """Count the comparisons that prefer neither."""
        return int((units.compares & (units.pairs.preference == TIE)).sum())

    def leads(self, units: TaggedUnits, reward: Floats) -> Floats:
        """Return for every decided pair how far its better side leads by what its tag stands for."""
        better, worse = self.decided(units)
        tag = units.tag[units.decided]
        return reward[better, tag] - reward[worse, tag]
