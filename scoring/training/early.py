"""Early stop: watch a number on validation problems, and keep the weights that reached the best.

Validation problems are neither learnt from nor measured on: a number that decided when to stop would
flatter the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.errors import TrainingError
from scoring.training.dataset import split_by_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.model import RewardModel
    from scoring.training.checkpoint import Checkpoints, Progress
    from scoring.training.config import TrainingConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import ExampleMaker
    from scoring.training.objectives.base import Objective

SHARE = 0.1
"""Of the training problems, where a snapshot has none for validation."""
SPLIT_SEED = 1_000_003
"""Apart from the split into training and held-out problems."""


def with_validation(
    train: Sequence[TrainingTree], validation: Sequence[TrainingTree]
) -> tuple[Sequence[TrainingTree], Sequence[TrainingTree]]:
    """Return training and validation trees; the latter are taken from the former if there are none.

    Raises:
        TrainingError: too few problems to take any from.
    """
    if validation:
        return train, validation
    rest, taken = split_by_problem(train, SHARE, seed=SPLIT_SEED)
    if not taken or not rest:
        raise TrainingError(
            "patience needs problems to watch, and there are not two to take one from; label more, or "
            "set patience=none"
        )
    return rest, taken


class Watch:
    """Decides when a run has stopped getting better.

    Attributes:
        name: the number that is watched, the first of the objective's curve; higher is better.
    """

    def __init__(
        self, plan: TrainingConfig, learnt: Objective, trees: Sequence[TrainingTree]
    ) -> None:
        self.patience = plan.patience
        self.name = learnt.curve[0]
        self._learnt, self._trees = learnt, trees

    def begin(self, model: RewardModel, maker: ExampleMaker) -> None:
        """Check before the first step that the number is defined.

        Raises:
            TrainingError: it is not, for instance because only one class is there.
        """
        if self.patience is not None and self._value(model, maker) is None:
            raise TrainingError(
                f"patience watches {self.name} on {len(self._trees)} validation problems, where it is "
                "not defined (one class only, or nothing decided): label more, or set patience=none"
            )

    def look(
        self,
        model: RewardModel,
        maker: ExampleMaker,
        progress: Progress,
        checkpoints: Checkpoints,
    ) -> dict[str, float]:
        """Measure, note in ``progress`` what came of it, and return the row for the curve."""
        if self.patience is None:
            return {}
        found = self._value(model, maker)
        value = checkpoints.team.agree(lambda: found)
        assert value is not None  # noqa: S101 - the labels are those that ``begin`` looked at
        if progress.best is None or value > progress.best:
            progress.best, progress.best_step, progress.waited = value, progress.step, 0
            checkpoints.save_best(progress.step, model.network)
        else:
            progress.waited += 1
        return {f"validation_{self.name}": value}

    def over(self, progress: Progress) -> bool:
        """Say whether patience is at its end."""
        return self.patience is not None and progress.waited >= self.patience

    def told(self, progress: Progress) -> dict[str, Any]:
        """Return what goes into a model's origin."""
        if self.patience is None:
            return {}
        return {
            "validation_problems": len({item.problem_key for item in self._trees}),
            "best_step": progress.best_step,
            f"best_validation_{self.name}": progress.best,
            "stopped_early": self.over(progress),
        }

    def _value(self, model: RewardModel, maker: ExampleMaker) -> float | None:
        found = self._learnt.quality(model, maker, self._trees, resamples=0)
        return found[self.name].value
