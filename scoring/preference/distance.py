"""How far apart two people's rankings of the same items are."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from scoring.preference.pairs import positions

if TYPE_CHECKING:
    from scoring.preference.types import RankingRecord

HALF = 0.5


def ranking_distance(first: RankingRecord, second: RankingRecord) -> float | None:
    """Return the share of pairs on which two rankings differ, 0 = equal, 1 = reversed.

    A pair counts 1 where the two name opposite winners and 1/2 where only one of them sees a tie:
    Kendall's distance with penalty 1/2 (Fagin et al., "Comparing partial rankings", 2006), divided
    by the number of pairs that both compare. A mark of failing is below every item without one.

    Returns:
        None where no pair is compared by both.
    """
    sides = [_places(record) for record in (first, second)]
    common = [item for item in first.items if all(item in side for side in sides)]
    differing = pairs = 0.0
    for a, b in combinations(common, 2):
        signs = [(side[a] > side[b]) - (side[a] < side[b]) for side in sides]
        pairs += 1
        if signs[0] == -signs[1] != 0:
            differing += 1
        elif signs[0] != signs[1]:
            differing += HALF
    return differing / pairs if pairs else None


def _places(record: RankingRecord) -> dict[int, tuple[bool, float]]:
    """Return what an item is compared by, higher is better."""
    failed = set(record.failed)
    return {item: (item not in failed, place) for item, place in positions(record).items()}
