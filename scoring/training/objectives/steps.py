"""Single steps: their labels (``StepLabels``), or only the outcome where a trace ends (``Outcomes``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.errors import TrainingError
from scoring.reward.quality import step_quality
from scoring.training.dataset import POSITIVE
from scoring.training.objectives.base import outcome_means
from scoring.training.objectives.units import StepUnits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.metrics import Metric
    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import ExampleMaker

_FRONTS = ("above_length_", "length_", "")
OUTCOME = "outcome_"


class StepLabels:
    """Every step that has a target is a unit."""

    noun = "labelled steps"
    missing = (
        "no step has a target: label some steps first, or choose rules that count the labels "
        "there are (rater kinds, neutral policy)"
    )
    whole_trees = True
    curve: tuple[str, ...] = ("auroc", "average_precision")

    def __init__(self, config: RunConfig, _trees: Sequence[TrainingTree] = ()) -> None:
        self.weighting = config.training.weighting

    def units(self, item: TrainingTree) -> StepUnits:
        """Return the steps with a target and a weight above 0."""
        weights = item.effective_weights(self.weighting)
        nodes = np.flatnonzero(weights > 0).astype(np.int64)
        return StepUnits(nodes, item.targets[nodes], weights[nodes])

    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that there are targets, and of both classes."""
        known = [self.units(item).values for item in trees]
        values = np.concatenate(known) if known else np.zeros(0)
        if not len(values):
            raise TrainingError(self.missing)
        positive = values >= POSITIVE
        if positive.all() or not positive.any():
            found = "right" if positive.any() else "wrong"
            raise TrainingError(
                f"all {len(values)} targets say {found}; a model needs both right and wrong "
                f"{self.noun.split()[-1]}"
            )

    def settle(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree]
    ) -> None:
        """Do nothing: a probability has its scale."""

    def quality(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree], **how: Any
    ) -> dict[str, Metric]:
        """Compare scores with step labels."""
        return step_quality(model, trees, **how)


class Outcomes(StepLabels):
    """The last step of every trace whose outcome is known is a unit; no other step is."""

    noun = "outcomes of traces"
    missing = (
        "no trace has an outcome: import outcomes or have final answers checked, and choose the "
        "project's primary outcome"
    )
    curve = (OUTCOME + "auroc", OUTCOME + "average_precision")

    def units(self, item: TrainingTree) -> StepUnits:
        """Return the ends of traces with the mean of their outcomes."""
        return super().units(_as_targets(item))

    def quality(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree], **how: Any
    ) -> dict[str, Metric]:
        """Compare scores with outcomes at the ends, and with step labels where there are any."""
        ends = step_quality(model, [_as_targets(item) for item in trees], **how)
        how.pop("on_scored", None)
        labelled = [item for item in trees if len(item.labelled)]
        steps = step_quality(model, labelled, **how) if labelled else {}
        return {_named(name): metric for name, metric in ends.items()} | steps


def _as_targets(item: TrainingTree) -> TrainingTree:
    targets = outcome_means(item.tree)
    known = targets[~np.isnan(targets)]
    if len(known) and (known.min() < 0 or known.max() > 1):
        raise TrainingError(
            f"an outcome of problem '{item.problem_key}' lies outside 0 … 1, so it is no target for a "
            "probability; choose another primary outcome, or a kind that learns from comparisons"
        )
    return replace(item, targets=targets, weights=None)


def _named(name: str) -> str:
    """Put ``outcome_`` behind what says that a number is of the length baseline."""
    front = next(front for front in _FRONTS if name.startswith(front))
    return f"{front}{OUTCOME}{name.removeprefix(front)}"
