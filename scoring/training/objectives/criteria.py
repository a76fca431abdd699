"""Comparisons under each criterion of a project, and on the whole; step labels for the first criterion.

A ranking under one criterion speaks about that criterion alone; one made as a whole, without naming a
criterion, about the combination of all. What is said is aggregated criterion by criterion under the rules
of the snapshot. A criterion under which nothing is compared has no head: nothing would teach it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.errors import TrainingError
from scoring.reward.pair_quality import pair_metrics
from scoring.training.objectives.compared import outputs
from scoring.training.objectives.pairs import TIE
from scoring.training.objectives.tagged import Tagged, TaggedPaths, TaggedUnits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch

    from scoring.reward.metrics import Metric
    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import RankedPair, TrainingTree
    from scoring.training.examples import ExampleMaker
    from scoring.training.objectives.compared import Said

WHOLE = -1
"""The number of the combination, where heads are numbered from 0."""


class Criteria(TaggedPaths):
    """Units by criterion.

    Attributes:
        heads: keys of the criteria that have a head, the most important first; empty until bound.
    """

    noun = "comparisons and labels"

    def __init__(self, config: RunConfig, trees: Sequence[TrainingTree] = ()) -> None:
        self.labels: bool = config.model.labels  # type: ignore[attr-defined]  # a MultiHeadConfig
        self.heads = self._heads(trees)

    @property
    def binds(self) -> dict[str, Any]:  # type: ignore[override]  # where the base has none
        """The heads, which a model has for good."""
        return {"heads": self.heads} if self.heads else {}

    def units(self, item: TrainingTree) -> TaggedUnits:
        """Return what is said of a tree under the criteria that have heads."""
        heads = self.heads or self._heads([item])
        return TaggedUnits.of(item.tree, self._said(item, heads))

    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that some criterion prefers something, or that labels differ."""
        if not self.heads:
            raise TrainingError(
                "no ranking names a criterion and no step has a label: rank by criterion, or choose "
                "bradley_terry for rankings on the whole"
            )
        found = [self.units(item) for item in trees]
        targets = [units.pairs.preference[~units.compares] for units in found]
        labels = np.concatenate(targets) if targets else np.zeros(0)
        decided = any(len(units.decided) for units in found)
        if not decided and (not len(labels) or labels.min() == labels.max()):
            raise TrainingError(
                "under no criterion is anything preferred to anything, and all labels say the same: "
                "rank answers that differ"
            )

    def rewards(self, kind: Any, head: torch.Tensor) -> torch.Tensor:
        """Return ``(K, H + 1)``: what each head says, and the combination last."""
        return kind.every_value(head)

    def settle(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree]
    ) -> None:
        """Measure the scores of every head and of the combination against these trees."""
        examples = (example for item in trees for example in maker.make(item))
        said = [self.rewards(model.kind, head) for _, head in outputs(model, examples)]
        columns = [column.double().cpu().numpy() for column in said]
        model.kind.refer(np.concatenate(columns) if columns else np.zeros((0, len(self.heads) + 1)))

    def compared_metrics(
        self, said: Sequence[Said], problem: Sequence[str], lost: int, **how: Any
    ) -> dict[str, Metric]:
        """Return the numbers of all comparisons, then of each criterion under its name."""
        found = pair_metrics(self._joined(said, problem, lost), **how)
        for number, name in (*enumerate(self.heads), (WHOLE, "whole")):
            alone = [_only(row, number) for row in said]
            if any(len(row.units) for row in alone):  # else only labels, or nothing, speak of it
                metrics = pair_metrics(self._joined(alone, problem, 0), **how)
                del metrics["lost"]  # counted once, for all
                found |= {f"{name}/{key}": metric for key, metric in metrics.items()}
        return found

    def _heads(self, trees: Sequence[TrainingTree]) -> tuple[str, ...]:
        order = list(dict.fromkeys(key for item in trees for key in item.ranked.criteria))
        said = {pair.criterion for item in trees for pair in item.ranked.by_criterion}
        if self.labels and any(len(item.labelled) for item in trees):
            order = order or ["correctness"]
            said.add(order[0])
        return tuple(key for key in order if key in said)

    def _said(self, item: TrainingTree, heads: Sequence[str]) -> Iterator[Tagged]:
        number = {key: at for at, key in enumerate(heads)} | {"": WHOLE}
        for pair in item.ranked.by_criterion:
            if pair.criterion in number and pair.better != pair.worse:
                yield _compared(number[pair.criterion], pair)
        first = item.ranked.criteria[0] if item.ranked.criteria else "correctness"
        if self.labels and heads and heads[0] == first:
            weights = item.effective_weights("per_node")
            for node in item.labelled.tolist():
                target, weight = float(item.targets[node]), float(weights[node])
                if weight > 0:
                    yield Tagged(0, node, node, target, weight=weight)


def _compared(tag: int, pair: RankedPair) -> Tagged:
    preference = TIE if pair.tie else 1.0
    return Tagged(tag, pair.better, pair.worse, preference, pair.distance)


def _only(row: Said, tag: int) -> Said:
    """Keep the comparisons under one criterion; places stay."""
    units: Any = row.units
    chosen = np.flatnonzero((units.tag == tag) & units.compares).astype(np.int64)
    return replace(row, units=units.take(chosen), loss=row.loss[chosen])
