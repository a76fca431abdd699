"""What objectives share whose units look at several places: measuring, and fixing a scale."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from scoring.reward.pair_quality import Compared, pair_metrics
from scoring.reward.quality import step_quality
from scoring.reward.reading import Reading
from scoring.training.examples import Lost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scoring.reward.metrics import Metric
    from scoring.reward.model import RewardModel
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import Example, ExampleMaker
    from scoring.training.objectives.units import Floats, Ints, Units


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says of one row: rewards and path lengths by place, losses by unit."""

    units: Units
    reward: Floats
    length: Ints
    loss: Floats


class ComparedPaths(ABC):
    """The base of objectives that compare places in one tree."""

    noun: ClassVar[str]
    whole_trees = False
    curve = ("pair_accuracy", "log_loss")
    on_labels = False
    binds: Mapping[str, Any] = {}

    def reading(self, item: TrainingTree) -> Reading:
        """Return the tree as it stands."""
        return Reading.of(item.tree)

    @abstractmethod
    def units(self, item: TrainingTree) -> Any:
        """Return the loss units of a tree."""

    @abstractmethod
    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that something is preferred to something."""

    @abstractmethod
    def decided(self, units: Any) -> tuple[Ints, Ints]:
        """Return the places of the better and of the worse of every decided pair."""

    @abstractmethod
    def ties(self, units: Any) -> int:
        """Count the units that prefer neither."""

    def refresh(self, model: RewardModel, maker: ExampleMaker, step: int) -> None:
        """Do nothing: rows hold all that losses need."""
        del model, maker, step

    def settle(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree]
    ) -> None:
        """Measure scores against the rewards of what is compared in these trees."""
        said = [row.reward for item in trees for row in self._read_out(model, maker.make(item))]
        model.kind.refer(np.concatenate(said) if said else np.zeros(0))

    def rewards(self, kind: Any, head: torch.Tensor) -> torch.Tensor:
        """Turn head outputs ``(K, C)`` into the rewards that are compared, a row per place."""
        return kind.value(head)

    def leads(self, units: Any, reward: Floats) -> Floats:
        """Return for every decided pair how far its better side leads."""
        better, worse = self.decided(units)
        return reward[better] - reward[worse]

    def quality(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree], **how: Any
    ) -> dict[str, Metric]:
        """Compare rewards with comparisons, and scores with step labels where there are any."""
        on_scored = how.pop("on_scored", None)
        lost = Lost()
        said: list[Said] = []
        problem: list[str] = []
        for done, item in enumerate(trees, start=1):
            rows = list(self._read_out(model, maker.make(item, lost)))
            said += rows
            problem += [item.problem_key] * len(rows)
            if on_scored is not None:
                on_scored(done)
        compared = self.compared_metrics(said, problem, lost.labels, **how)
        labelled = [item for item in trees if len(item.labelled)]
        steps = step_quality(model, labelled, **how) if labelled else {}
        return compared | steps

    def compared_metrics(
        self, said: Sequence[Said], problem: Sequence[str], lost: int, **how: Any
    ) -> dict[str, Metric]:
        """Return the numbers of the comparisons: what was said row by row, each of which problem."""
        return pair_metrics(self._joined(said, problem, lost), **how)

    def _joined(self, said: Sequence[Said], problem: Sequence[str], lost: int) -> Compared:
        """Put the rows of all problems one after another."""
        none = np.zeros(0)
        numbers = np.unique(np.array(problem, dtype=object), return_inverse=True)[1]
        margins, longer = [none], [none]
        for row in said:
            better, worse = self.decided(row.units)
            margins.append(self.leads(row.units, row.reward))
            longer.append((row.length[better] - row.length[worse]).astype(np.float64))
        losses = [none, *(row.loss for row in said)]
        return Compared(
            margin=np.concatenate(margins),
            longer=np.concatenate(longer),
            problem=np.repeat(numbers, [len(margin) for margin in margins[1:]]),
            loss=np.concatenate(losses),
            unit_problem=np.repeat(numbers, [len(loss) for loss in losses[1:]]),
            ties=sum(self.ties(row.units) for row in said),
            lost=lost,
        )

    def _read_out(self, model: RewardModel, examples: Sequence[Example]) -> Iterator[Said]:
        for example, head in outputs(model, examples):
            yield Said(
                units=example.units,
                reward=_numbers(self.rewards(model.kind, head)),
                length=example.row.position[example.read],
                loss=_numbers(model.kind.log_losses(head, example.units.tensors(model.device))),
            )


def outputs(
    model: RewardModel, examples: Iterable[Example]
) -> Iterator[tuple[Example, torch.Tensor]]:
    """Run the rows that have units; yield each with the head's outputs ``(K, C)`` where it is read."""
    for example in examples:
        if len(example.units):
            read = torch.from_numpy(example.read).to(model.device)
            yield example, model.run([example.row]).head[0, read]


def _numbers(column: torch.Tensor) -> Floats:
    return column.float().cpu().numpy().astype(np.float64)
