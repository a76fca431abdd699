"""What a kind is trained for: which loss units a tree has, and how good it is at them.

An objective is bound to a run's settings and training trees by ``objective`` in ``registry``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.reward.metrics import Metric
    from scoring.reward.model import RewardModel
    from scoring.reward.reading import Reading
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import ExampleMaker
    from scoring.training.objectives.units import Floats, Units
    from scoring.tree import Tree


class Objective(Protocol):
    """A source of loss units.

    Attributes:
        noun: what one unit is called in sentences, in the plural.
        whole_trees: True if every step goes through the model, False if only the paths that units
            need do.
        curve: names of the held-out numbers that are drawn while training.
        on_labels: True if the held-out numbers are of step labels alone.
        binds: what the kind must know of the training trees before its head is made: keyword arguments,
            part of its ``fixed`` from then on.
    """

    noun: str
    whole_trees: bool
    curve: tuple[str, ...]
    on_labels: bool
    binds: Mapping[str, Any]

    def reading(self, item: TrainingTree) -> Reading:
        """Return how a tree goes through the model to be learnt from; mostly as it stands."""

    def units(self, item: TrainingTree) -> Units:
        """Return the loss units of a tree, over the pieces of its reading."""

    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that there is something to learn.

        Raises:
            TrainingError: saying what is missing and the way to get it.
        """

    def refresh(self, model: RewardModel, maker: ExampleMaker, step: int) -> None:
        """Bring up to date, before an optimiser step, what losses need that is not in its rows.

        What is done depends on the weights, the data and the number of the step alone.
        """

    def settle(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree]
    ) -> None:
        """Fix the scale of the trained model's scores on trees that it learnt from."""

    def quality(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree], **how: Any
    ) -> dict[str, Metric]:
        """Measure the model on held-out trees.

        Args:
            model: the trained model.
            maker: turns trees into rows of this objective.
            trees: of other problems than it was trained on.
            **how: ``seed`` and ``resamples`` of the intervals; ``on_scored`` is told how many trees
                are done and may raise to stop.
        """


def outcome_means(tree: Tree, *, subtrees: bool = False) -> Floats:
    """Return ``(N,)`` the mean known outcome of the traces that end at a node; NaN = none.

    With ``subtrees`` of those that end anywhere below it, too: the Monte Carlo value of the node.
    """
    known = np.isfinite(tree.outcomes)
    ends, values = tree.ends[known], tree.outcomes[known]
    counts: Floats = np.bincount(ends, minlength=len(tree)).astype(np.float64)
    sums: Floats = np.bincount(ends, weights=values, minlength=len(tree)).astype(np.float64)
    if subtrees:
        counts, sums = _below(tree, counts), _below(tree, sums)
    means: Floats = np.divide(sums, counts, out=np.full(len(tree), np.nan), where=counts > 0)
    means[0] = np.nan  # the problem is not a step
    return means


def _below(tree: Tree, column: Floats) -> Floats:
    """Return ``(N,)`` the sum of a column over each node's subtree."""
    before = np.concatenate(([0.0], np.cumsum(column)))
    total: Floats = before[tree.subtree_end] - before[:-1]
    return total
