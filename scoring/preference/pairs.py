"""What one ranking decides about each pair of its items."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.preference.types import RankingRecord

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs of a ranking; each is in exactly one of the three.

    Attributes:
        wins: (winner, loser).
        ties: both in one tier, in shown order.
        open: at least one was set aside as not comparable, in shown order.
    """

    wins: tuple[Pair, ...]
    ties: tuple[Pair, ...]
    open: tuple[Pair, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each, by what a person reads."""
        return {
            "decided": len(self.wins),
            "tied": len(self.ties),
            "cannot compare": len(self.open),
        }


def positions(record: RankingRecord) -> dict[int, float]:
    """Return where each compared item stands, higher is better.

    In the units in which margins are measured: its score, or else minus the number of tiers
    above it. Items that were set aside have no place.
    """
    if record.scores is not None:
        return {item: float(record.scores[item]) for tier in record.tiers for item in tier}
    return {item: -float(depth) for depth, tier in enumerate(record.tiers) for item in tier}


def pairs(record: RankingRecord) -> Pairs:
    """Split the pairs of a validated ranking into decided, tied and not comparable."""
    place = positions(record)
    wins: list[Pair] = []
    ties: list[Pair] = []
    open_: list[Pair] = []
    for first, second in combinations(record.items, 2):
        if first not in place or second not in place:
            open_.append((first, second))
        elif place[first] == place[second]:
            ties.append((first, second))
        elif place[first] > place[second]:
            wins.append((first, second))
        else:
            wins.append((second, first))
    return Pairs(tuple(wins), tuple(ties), tuple(open_))
