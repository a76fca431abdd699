"""Whole rankings: every person's order of the steps, branches or traces of one place."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import TrainingError
from scoring.training.objectives.compared import ComparedPaths
from scoring.training.objectives.units import RankingUnits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.units import Ints


class Rankings(ComparedPaths):
    """The rankings that count under the snapshot's rules, each a unit."""

    noun = "rankings"

    def __init__(self, _config: RunConfig, _trees: Sequence[TrainingTree] = ()) -> None:
        pass

    def units(self, item: TrainingTree) -> RankingUnits:
        """Return the rankings of a tree that place two items or more."""
        found = [r for r in item.ranked.rankings if sum(map(len, r.tiers)) > 1]
        return RankingUnits.of([r.tiers for r in found], [r.weight for r in found])

    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that there are rankings, and one with two tiers."""
        found = [self.units(item) for item in trees]
        if not any(len(units) for units in found):
            raise TrainingError(
                "there is no ranking: rank steps, branches or traces of some problems first, or choose "
                "a kind that learns from step labels or outcomes"
            )
        if not any(len(tiers) > 1 for units in found for tiers in units.tiers()):
            raise TrainingError(
                f"all {sum(map(len, found))} rankings put everything into one tier, so nothing is "
                "preferred to anything: rank answers that differ"
            )

    def decided(self, units: RankingUnits) -> tuple[Ints, Ints]:
        """Return both sides of all pairs in different tiers."""
        pairs = [
            (better, worse)
            for tiers in units.tiers()
            for upper, lower in combinations(tiers, 2)
            for better in upper
            for worse in lower
        ]
        columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return columns[:, 0], columns[:, 1]

    def ties(self, units: RankingUnits) -> int:
        """Count the rankings of one tier."""
        return sum(len(tiers) == 1 for tiers in units.tiers())
