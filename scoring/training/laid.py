"""The data of a run laid out as rows for passes of so many tokens, and dealt to optimiser steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.errors import OutOfMemoryError, TrainingError
from scoring.training.examples import Feed, Lost
from scoring.training.start import example_maker
from scoring.training.update import largest_pass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import TrainingTree
    from scoring.training.examples import Example
    from scoring.training.objectives.base import Objective
    from scoring.training.rundata import RunData

SMALLEST_PASS = 32
"""Tokens; what does not fit with fewer will not fit at all."""


def no_room(tokens: int, kept: int, *, halved: bool = False) -> OutOfMemoryError:
    """Return what to raise when a pass of so many tokens does not fit, with what takes less.

    Args:
        tokens: of the pass.
        kept: the optimiser step from which the run can be resumed.
        halved: passes were made smaller before.
    """
    again = ", and passes were made smaller before" if halved else ""
    return OutOfMemoryError(
        f"There is not enough memory for a pass of {tokens:,} tokens{again}. Train with a smaller "
        "pass_tokens, gradient_checkpointing=yes, tuning=lora or a smaller base; or resume where "
        f"there is more memory: step {kept:,} is kept."
    )


class Laid:
    """Rows of one model for one run.

    Attributes:
        pass_tokens: most tokens of a pass; rows are cut to fit.
        maker: turns trees into rows.
        lost: what no row holds.
        feed: deals the rows.
    """

    def __init__(
        self, model: RewardModel, config: RunConfig, learnt: Objective, data: RunData
    ) -> None:
        self._model, self._config, self._objective, self._data = model, config, learnt, data
        self.lay_out(config.training.pass_tokens)

    def lay_out(self, pass_tokens: int) -> None:
        """Make the rows and start at the first.

        Raises:
            TrainingError: no row has anything to learn from.
        """
        self.pass_tokens = pass_tokens
        self.maker = example_maker(
            self._model, self._config, self._objective, pass_tokens=pass_tokens
        )
        self.lost = Lost(self._objective.noun)
        plan, stream = self._config.training, self._data.stream
        own = [row for item in self._data.train for row in self.maker.make(item, self.lost)]
        if stream is None and not any(len(row.units) for row in own):
            raise TrainingError(f"nothing is left to learn from: {self.lost}")
        self.feed = Feed(
            own,
            seed=plan.seed,
            step_tokens=plan.step_tokens or 0,
            stream=stream,
            stream_share=plan.stream_share,
            maker=self.maker,
        )

    def halve(self, examples: Sequence[Example]) -> int:
        """Lay out for passes half as large as the largest of these rows make, at the same place.

        Returns:
            The tokens of a pass from now on, or 0 if that is too few to try.
        """
        half = largest_pass(examples, self.pass_tokens) // 2
        if half < SMALLEST_PASS:
            return 0
        at, rows = self.feed.state(), self.feed.rows
        self.lay_out(half)
        self.feed.restore({**at, "index": at["index"] * self.feed.rows // max(rows, 1)})
        return half

    def told(self) -> dict[str, Any]:
        """Return what goes into a model's origin."""
        train, held_out = self._data.train, self._data.held_out
        return {
            "problems": len({item.problem_key for item in train}),
            "labelled_steps": int(sum(len(item.labelled) for item in train)),
            "held_out_problems": len({item.problem_key for item in held_out}),
            "held_out_steps": int(sum(len(item.labelled) for item in held_out)),
            "learnt_from": self._objective.noun,
            "units": self._count(train),
            "held_out_units": self._count(held_out),
            "labels_beyond_context": self.lost.labels,
            "problems_beyond_context": self.lost.where,
            "equal_texts": self.lost.identical,
            "rows_without_label": self.lost.rows,
            "lost": self.lost.by_reason(),
            "epochs": self.feed.epoch,
            "generated_traces": self.feed.generated,
            "generated_steps": self.feed.generated_steps,
        }

    def _count(self, trees: Sequence[TrainingTree]) -> int:
        return sum(len(self._objective.units(item)) for item in trees)
