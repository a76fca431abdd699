"""Loss units of one tree as columns: labelled steps, comparisons, rankings. Numpy until ``tensors``.

Units are made over the nodes of a tree, cut to those whose paths fit the model, placed on the tokens
where a row is read, and joined over the rows of a pass. Each of these is a renumbering of places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import torch

from scoring.reward.units import PairTensors, RankingTensors

if TYPE_CHECKING:
    from collections.abc import Sequence

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Units(Protocol):
    """U loss units over numbered places."""

    @property
    def weights(self) -> Floats:
        """``(U,)`` how much each unit counts, above 0."""

    def __len__(self) -> int:
        """Count the units."""

    def members(self) -> list[Ints]:
        """Return the places of each unit."""

    def take(self, chosen: Ints) -> Self:
        """Return these units only."""

    def told_apart(self, same: Ints) -> tuple[Self, int]:
        """Leave out what compares places with equal numbers in ``same``; say how much that was."""

    def placed(self, place: Ints) -> Self:
        """Return the same units with each place ``i`` called ``place[i]``."""

    @classmethod
    def join(cls, parts: Sequence[Self], reads: Sequence[int]) -> Self:
        """Put units of several rows one after another; ``reads`` counts the places of each."""

    def tensors(self, device: torch.device | str) -> Any:
        """Return what ``losses`` of a kind takes."""


@dataclass(frozen=True, slots=True)
class StepUnits:
    """Single places with a target.

    Attributes:
        place: ``(U,)``, ascending.
        values: ``(U,)`` targets in [0, 1].
    """

    place: Ints
    values: Floats
    weights: Floats

    def __len__(self) -> int:
        """Count the units."""
        return len(self.place)

    def members(self) -> list[Ints]:
        """Return the places of each unit."""
        return list(self.place[:, None])

    def take(self, chosen: Ints) -> Self:
        """Return these units only."""
        return type(self)(self.place[chosen], self.values[chosen], self.weights[chosen])

    def told_apart(self, same: Ints) -> tuple[Self, int]:
        """Return everything: single steps are compared with nothing."""
        return self, 0

    def placed(self, place: Ints) -> Self:
        """Return the same units with each place ``i`` called ``place[i]``."""
        return type(self)(place[self.place], self.values, self.weights)

    @classmethod
    def join(cls, parts: Sequence[Self], reads: Sequence[int]) -> Self:
        """Put units of several rows one after another."""
        columns = (
            _shifted([part.place for part in parts], reads),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.weights for part in parts]),
        )
        return cls(*columns)

    def tensors(self, device: torch.device | str) -> torch.Tensor:
        """Return the targets ``(U,)``; the k-th read place is the k-th unit's."""
        return _floats(self.values, device)


@dataclass(frozen=True, slots=True)
class PairUnits:
    """Comparisons of two places each.

    Attributes:
        first: ``(U,)``, the preferred one where one is.
        second: ``(U,)``.
        preference: ``(U,)`` in [0.5, 1], how surely the first is better; 0.5 = tie.
        distance: ``(U,)`` how far apart, in the units of what compared them; 0 for a tie.
        depth: ``(U,)`` steps that the two paths have in common, from the problem.
    """

    first: Ints
    second: Ints
    preference: Floats
    distance: Floats
    weights: Floats
    depth: Ints

    @classmethod
    def none(cls) -> Self:
        """Return no comparisons."""
        ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(ints, ints, floats, floats, floats, ints)

    def __len__(self) -> int:
        """Count the units."""
        return len(self.first)

    def members(self) -> list[Ints]:
        """Return the places of each unit."""
        return list(np.stack((self.first, self.second), axis=1))

    def take(self, chosen: Ints) -> Self:
        """Return these units only."""
        return type(self)(*(column[chosen] for column in self._columns()))

    def told_apart(self, same: Ints) -> tuple[Self, int]:
        """Leave out the comparisons of equal texts."""
        differ = same[self.first] != same[self.second]
        return self.take(np.flatnonzero(differ)), int((~differ).sum())

    def placed(self, place: Ints) -> Self:
        """Return the same units with each place ``i`` called ``place[i]``."""
        return type(self)(place[self.first], place[self.second], *self._columns()[2:])

    @classmethod
    def join(cls, parts: Sequence[Self], reads: Sequence[int]) -> Self:
        """Put units of several rows one after another."""
        columns = list(zip(*(part._columns() for part in parts), strict=True))
        return cls(
            _shifted(columns[0], reads),
            _shifted(columns[1], reads),
            *(np.concatenate(column) for column in columns[2:]),
        )

    def tensors(self, device: torch.device | str) -> PairTensors:
        """Return the comparisons on a device."""
        return PairTensors(
            _ints(self.first, device),
            _ints(self.second, device),
            _floats(self.preference, device),
            _floats(self.distance, device),
        )

    def _columns(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class RankingUnits:
    """Rankings of several places each, one after another, best tier first.

    Attributes:
        item: ``(I,)`` places.
        tier: ``(I,)`` numbers that rise within a ranking; equal = tied.
        start: ``(U + 1,)`` first item of each ranking, and I.
    """

    item: Ints
    tier: Ints
    start: Ints
    weights: Floats

    @classmethod
    def of(cls, rankings: Sequence[Sequence[Sequence[int]]], weights: Sequence[float]) -> Self:
        """Build them from tiers of places, best first."""
        flat = [(i, t) for tiers in rankings for t, tier in enumerate(tiers) for i in tier]
        item, tier = (
            (np.array(column, dtype=np.int64) for column in zip(*flat, strict=True))
            if flat
            else (
                np.zeros(0, dtype=np.int64),
                np.zeros(0, dtype=np.int64),
            )
        )
        sizes = [sum(map(len, tiers)) for tiers in rankings]
        start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        return cls(item, tier, start, np.asarray(weights, dtype=np.float64))

    def __len__(self) -> int:
        """Count the units."""
        return len(self.weights)

    def members(self) -> list[Ints]:
        """Return the places of each unit."""
        return np.split(self.item, self.start[1:-1]) if len(self) else []

    def tiers(self) -> list[list[list[int]]]:
        """Return each ranking as tiers of places, best first."""
        found = []
        for items, numbers in zip(self.members(), self._tier_numbers(), strict=True):
            cuts = np.flatnonzero(np.diff(numbers)) + 1
            found.append([part.tolist() for part in np.split(items, cuts)])
        return found

    def take(self, chosen: Ints) -> Self:
        """Return these units only."""
        tiers = self.tiers()
        return self.of([tiers[u] for u in chosen], self.weights[chosen].tolist())

    def told_apart(self, same: Ints) -> tuple[Self, int]:
        """Keep each text once, in its best tier; a ranking of one item is none."""
        left, weights = [], []
        for tiers, weight in zip(self.tiers(), self.weights.tolist(), strict=True):
            seen: set[int] = set()
            once: list[list[int]] = []
            for tier in tiers:
                once.append([])
                for item in tier:
                    if int(same[item]) not in seen:
                        seen.add(int(same[item]))
                        once[-1].append(item)
            if len(seen) > 1:
                left.append([tier for tier in once if tier])
                weights.append(weight)
        kept = self.of(left, weights)
        return kept, len(self.item) - len(kept.item)

    def placed(self, place: Ints) -> Self:
        """Return the same units with each place ``i`` called ``place[i]``."""
        return type(self)(place[self.item], self.tier, self.start, self.weights)

    @classmethod
    def join(cls, parts: Sequence[Self], reads: Sequence[int]) -> Self:
        """Put units of several rows one after another."""
        ends = np.cumsum([0, *(len(part.item) for part in parts)])
        starts = [part.start[:-1] + end for part, end in zip(parts, ends[:-1], strict=True)]
        return cls(
            _shifted([part.item for part in parts], reads),
            np.concatenate([part.tier for part in parts]),
            np.concatenate([*starts, ends[-1:]]).astype(np.int64),
            np.concatenate([part.weights for part in parts]),
        )

    def tensors(self, device: torch.device | str) -> RankingTensors:
        """Return the rankings on a device."""
        return RankingTensors(
            _ints(self.item, device), _ints(self.tier, device), tuple(self.start.tolist())
        )

    def _tier_numbers(self) -> list[Ints]:
        return np.split(self.tier, self.start[1:-1]) if len(self) else []


def _shifted(columns: Sequence[Ints], reads: Sequence[int]) -> Ints:
    before = np.cumsum([0, *reads[:-1]])
    return np.concatenate([c + shift for c, shift in zip(columns, before, strict=True)])


def _ints(column: Ints, device: torch.device | str) -> torch.Tensor:
    return torch.from_numpy(column.astype(np.int64)).to(device)


def _floats(column: Floats, device: torch.device | str) -> torch.Tensor:
    return torch.from_numpy(column.astype(np.float32)).to(device)
