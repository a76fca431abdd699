"""Pairs of nodes inside one response tree, told apart by what came of them.

Two leaves, or two nodes of one depth, share a prefix of the same tree; which of them is better is
read from the outcomes below them or from the values that a search gave them. A soft preference
is the one that the two values imply,

    q = v(a) (1 - v(b)) / [v(a) (1 - v(b)) + v(b) (1 - v(a))] = σ(logit v(a) - logit v(b)),

the probability that a continuation of a is the right one, given that only one of the two is.
Each pair counts ``(1 + common steps) ** depth_power``.

Source: Qiu et al. 2024, *Reward Generalization in RLHF: A Topological Perspective* (arXiv 2402.10184),
for pairs inside a tree; soft preferences and weights by depth are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import TrainingError
from scoring.preference.groups import Group, Judged
from scoring.training.objectives.base import outcome_means
from scoring.training.objectives.pairs import Comparison, Pairs, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.units import Floats, Ints
    from scoring.tree import Tree


class TreePairs(Pairs):
    """Pairs of leaves, or of nodes at one depth, by outcome or search value."""

    missing = (
        "no tree has two branches that came to different results: import outcomes or search values, "
        "or sample more traces per problem"
    )

    def compared(self, item: TrainingTree) -> Iterator[Comparison]:
        """Yield a sample of the pairs whose values differ."""
        values = self._values(item)
        groups = [group for group in _groups(item.tree, values, self.config.pairs) if len(group)]
        for pair in drawn(groups, item.problem_key, self.config.max_pairs):
            if self.config.preference == "soft":
                yield pair._replace(preference=implied(values[pair.better], values[pair.worse]))
            else:
                yield pair

    def weight(self, depth: Ints) -> Floats:
        """Return how much pairs with so many common steps count."""
        weights: Floats = (1.0 + depth) ** self.config.depth_power
        return weights

    def _values(self, item: TrainingTree) -> Floats:
        if self.config.grade == "outcome":
            values = outcome_means(item.tree, subtrees=True)
        else:
            values = item.tree.value.copy()
        values[0] = np.nan
        known = values[np.isfinite(values)]
        if self.config.preference == "soft" and len(known) and (known.min() < 0 or known.max() > 1):
            raise TrainingError(
                f"a value of problem '{item.problem_key}' lies outside 0 … 1, so it implies no "
                "probability; set preference=hard"
            )
        return values


def implied(better: float, worse: float) -> float:
    """Return the preference that two values in [0, 1] imply, the first being the larger."""
    up, down = better * (1 - worse), worse * (1 - better)
    return float(up / (up + down))


def _groups(tree: Tree, values: Floats, which: str) -> list[Group]:
    """Return what may be compared: all leaves, or the nodes of each depth."""
    known = np.isfinite(values)
    if which == "leaves":
        known &= tree.subtree_end == np.arange(1, len(tree) + 1)
        buckets = np.zeros(len(tree), dtype=np.int64)
    else:
        buckets = tree.depth
    members: dict[int, list[Judged]] = {}
    for node in np.flatnonzero(known).tolist():
        members.setdefault(int(buckets[node]), []).append(Judged(node, float(values[node]), node))
    return [Group(which, bucket) for bucket in members.values() if len(bucket) > 1]
