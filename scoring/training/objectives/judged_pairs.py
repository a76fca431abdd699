"""Pairs that people compared; and, unless told otherwise, pairs that their other judgements tell apart.

Rankings come first: one answer per pair, criterion by criterion, as every exporter of pairs writes it.
Ties among them are kept. Of what no ranking speaks about, siblings are compared by their targets and
traces by their outcomes; equal ones give no pair, since nobody called them equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.preference.groups import Group, Judged
from scoring.training.objectives.pairs import TIE, Comparison, Pairs, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.training.dataset import TrainingTree


class JudgedPairs(Pairs):
    """Pairs from rankings, targets of siblings and outcomes of traces."""

    missing = (
        "nothing is compared: rank steps, branches or traces of some problems, or let pairs=all take "
        "siblings with different labels and traces with different outcomes"
    )

    def compared(self, item: TrainingTree) -> Iterator[Comparison]:
        """Yield every ranked pair, then a sample of the others."""
        for pair in item.ranked.pairs:
            yield Comparison(pair.better, pair.worse, TIE if pair.tie else 1.0, pair.distance)
        if self.config.pairs == "all":
            yield from drawn(_groups(item), item.problem_key, self.config.max_pairs)


def _groups(item: TrainingTree) -> list[Group]:
    """Return the siblings with targets by family, and the traces with outcomes."""
    families: dict[int, list[Judged]] = {}
    for node in item.labelled.tolist():
        parent = int(item.tree.parent[node])
        families.setdefault(parent, []).append(Judged(node, float(item.targets[node]), node))
    groups = [
        Group("step", family, item.ranked.spoken_of("step"))
        for family in families.values()
        if len(family) > 1
    ]
    known = np.flatnonzero(np.isfinite(item.tree.outcomes)).tolist()
    traces = [Judged(int(item.tree.ends[t]), float(item.tree.outcomes[t]), t) for t in known]
    if len(traces) > 1:
        groups.append(Group("trace", traces, item.ranked.spoken_of("trace")))
    return [group for group in groups if len(group)]
