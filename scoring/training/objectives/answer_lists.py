"""Lists of whole answers: what people ranked, or, where nobody ranked traces, their outcomes.

A list is one loss unit. Read in several orders it is one unit per order, and all of them together weigh
what the list does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.errors import TrainingError
from scoring.reward.sequences import sequences
from scoring.training.objectives.base import outcome_means
from scoring.training.objectives.rankings import Rankings
from scoring.training.objectives.units import RankingUnits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.reward.reading import Reading
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.tree import Tree

Tiers = list[list[int]]


class AnswerLists(Rankings):
    """Rankings of traces, or tiers of their outcomes; only lists that prefer something."""

    noun = "lists of answers"

    def __init__(self, config: RunConfig, trees: Sequence[TrainingTree] = ()) -> None:
        super().__init__(config, trees)
        self.config: Any = config.model

    def reading(self, item: TrainingTree) -> Reading:
        """Return the tree as it stands, or its answers one after another in several orders."""
        if self.config.reading == "tree":
            return super().reading(item)
        return sequences(item.tree, self.config.orders).reading

    def units(self, item: TrainingTree) -> RankingUnits:
        """Return the lists of a tree; in sequences, each as often as there are orders."""
        found = self._lists(item)
        if self.config.reading == "tree" or not found:
            return RankingUnits.of([tiers for tiers, _ in found], [w for _, w in found])
        laid = sequences(item.tree, self.config.orders)
        column = {answer: i for i, answer in enumerate(laid.answers.tolist())}
        # What reads the same stands in different places of a sequence: it is told apart here.
        found = [(_each_once(item.tree, tiers), weight) for tiers, weight in found]
        found = [(tiers, weight) for tiers, weight in found if len(tiers) > 1]
        return RankingUnits.of(
            [
                [[int(row[column[end]]) for end in tier] for tier in tiers]
                for row in laid.ends
                for tiers, _ in found
            ],
            [weight / len(laid.ends) for _ in laid.ends for _, weight in found],
        )

    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that some list prefers something."""
        if not any(len(self.units(item)) for item in trees):
            raise TrainingError(
                "no problem has answers that are told apart: rank traces of some problems, or import "
                "outcomes that differ within a problem"
            )

    def _lists(self, item: TrainingTree) -> list[tuple[Tiers, float]]:
        ranked = [
            ([list(tier) for tier in ranking.tiers], ranking.weight)
            for ranking in item.ranked.rankings
            if ranking.level == "trace" and len(ranking.tiers) > 1
        ]
        if ranked and self.config.lists != "outcomes":
            return ranked
        if self.config.lists == "rankings":
            return []
        tiers = _by_outcome(item.tree)
        return [(tiers, 1.0)] if len(tiers) > 1 else []


def _by_outcome(tree: Tree) -> Tiers:
    """Return where traces with known outcomes end, by the mean outcome there, the highest first."""
    means = outcome_means(tree)
    known = np.flatnonzero(np.isfinite(means))
    values = np.unique(means[known])[::-1]
    return [known[means[known] == value].tolist() for value in values]


def _each_once(tree: Tree, tiers: Iterable[Iterable[int]]) -> Tiers:
    """Keep each text once, in its best tier; empty tiers go."""
    seen: set[tuple[str, ...]] = set()
    kept: Tiers = []
    for tier in tiers:
        kept.append([])
        for end in tier:
            said = tuple(str(tree.text[step]) for step in tree.path(end))
            if said not in seen:
                seen.add(said)
                kept[-1].append(end)
    return [tier for tier in kept if tier]
