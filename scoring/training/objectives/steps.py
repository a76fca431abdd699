"""Single steps: their labels (``StepLabels``), or only the outcome where a trace ends (``Outcomes``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from scoring.errors import TrainingError
from scoring.reward.quality import step_quality
from scoring.reward.reading import Reading
from scoring.training.dataset import POSITIVE
from scoring.training.objectives.base import outcome_means
from scoring.training.objectives.grounded import grounded
from scoring.training.objectives.units import StepUnits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.reward.metrics import Metric
    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import ExampleMaker
    from scoring.training.objectives.units import Floats

_FRONTS = ("above_length_", "length_", "")
LABELS, OUTCOME, VALUE, GROUNDED = "labels", "outcome", "value", "grounded"
_NO_OUTCOME = (
    "no trace has an outcome: import outcomes or have final answers checked, and choose the "
    "project's primary outcome"
)
_MISSING = {
    LABELS: "no step has a target: label some steps first, or choose rules that count the labels "
    "there are (rater kinds, neutral policy)",
    OUTCOME: _NO_OUTCOME,
    GROUNDED: _NO_OUTCOME,
    VALUE: "no step has a search value: import trees that carry values, or set grade=labels",
}


class Steps(ABC):
    """The base of objectives whose units are single steps with a target in [0, 1].

    Attributes:
        missing: what to say where there is no target.
        front: what held-out numbers begin with if the targets are not step labels.
    """

    noun: ClassVar[str]
    missing: str
    front: str
    whole_trees = True
    binds: Mapping[str, Any] = {}

    def __init__(self, config: RunConfig, _trees: Sequence[TrainingTree] = ()) -> None:
        self.weighting = config.training.weighting

    @property
    def on_labels(self) -> bool:
        """Whether the held-out numbers are of step labels alone."""
        return not self.front

    @property
    def curve(self) -> tuple[str, ...]:
        """Names of the held-out numbers that are drawn while training."""
        return self.front + "auroc", self.front + "average_precision"

    @abstractmethod
    def graded(self, item: TrainingTree) -> TrainingTree:
        """Return the tree with what is learnt of each step as its target."""

    def reading(self, item: TrainingTree) -> Reading:
        """Return the tree as it stands."""
        return Reading.of(item.tree)

    def units(self, item: TrainingTree) -> StepUnits:
        """Return the steps with a target and a weight above 0."""
        item = self.graded(item)
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

    def refresh(self, model: RewardModel, maker: ExampleMaker, step: int) -> None:
        """Do nothing: rows hold all that losses need."""
        del model, maker, step

    def settle(  # noqa: B027 - nothing to do is right for all of them
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree]
    ) -> None:
        """Do nothing: a probability has its scale."""

    def quality(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree], **how: Any
    ) -> dict[str, Metric]:
        """Compare scores with the targets, and with step labels where there are any."""
        found = step_quality(model, [self.graded(item) for item in trees], **how)
        if not self.front:
            return found
        how.pop("on_scored", None)
        labelled = [item for item in trees if len(item.labelled)]
        steps = step_quality(model, labelled, **how) if labelled else {}
        return {_named(name, self.front): metric for name, metric in found.items()} | steps


class StepLabels(Steps):
    """Every step that has a target is a unit; ``grade`` says where targets come from."""

    noun = "labelled steps"

    def __init__(self, config: RunConfig, trees: Sequence[TrainingTree] = ()) -> None:
        super().__init__(config, trees)
        model: Any = config.model
        self.grade: str = model.grade
        self.missing = _MISSING[self.grade]
        self.front = "" if self.grade == LABELS else "graded_"

    def graded(self, item: TrainingTree) -> TrainingTree:
        """Return the tree with labels, Monte Carlo fractions, search values or both fused as targets."""
        if self.grade == OUTCOME:
            return as_targets(item, outcome_means(item.tree, subtrees=True), "outcome")
        if self.grade == GROUNDED:
            as_targets(item, outcome_means(item.tree), "outcome")  # refuses what is no probability
            return as_targets(item, grounded(item.tree, item.targets), "outcome")
        if self.grade == VALUE:
            values = np.where(np.arange(len(item.tree)) == 0, np.nan, item.tree.value)
            return as_targets(item, values, "value")
        return item


class Outcomes(Steps):
    """The last step of every trace whose outcome is known is a unit; no other step is."""

    noun = "outcomes of traces"
    missing = _NO_OUTCOME
    front = "outcome_"

    def graded(self, item: TrainingTree) -> TrainingTree:
        """Return the tree with the mean outcome of the traces that end at a step as its target."""
        return as_targets(item, outcome_means(item.tree), "outcome")


def as_targets(item: TrainingTree, targets: Floats, what: str) -> TrainingTree:
    """Return the tree with other targets, weighing 1 each.

    Raises:
        TrainingError: if one is no probability.
    """
    known = targets[~np.isnan(targets)]
    if len(known) and (known.min() < 0 or known.max() > 1):
        raise TrainingError(
            f"an {what} of problem '{item.problem_key}' lies outside 0 … 1, so it is no target for a "
            "probability; choose another primary outcome, or a kind that learns from comparisons"
            if what == "outcome"
            else f"a {what} of problem '{item.problem_key}' lies outside 0 … 1, so it is no target for "
            "a probability; choose another grade"
        )
    return replace(item, targets=targets, weights=None)


def _named(name: str, what: str) -> str:
    """Put ``what`` behind the words that say that a number is of the length baseline."""
    front = next(front for front in _FRONTS if name.startswith(front))
    return f"{front}{what}{name.removeprefix(front)}"
