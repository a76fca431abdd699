"""What a run is given to learn from and to be measured on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.training.dataset import TrainingTree, data_hash

if TYPE_CHECKING:
    from scoring.training.config import RunConfig

Stream = Callable[[int], TrainingTree]
SETTLING_TREES = 60
"""Training trees whose rewards give the scores of a kind that compares their scale."""


@dataclass(frozen=True, slots=True)
class RunData:
    """The trees of a run.

    Attributes:
        train: labelled trees.
        held_out: labelled trees of other problems; may be empty.
        stream: number → generated tree, the same tree for the same number, for ever.
        validation: labelled trees of further problems, that say when to stop.
    """

    train: Sequence[TrainingTree]
    held_out: Sequence[TrainingTree]
    stream: Stream | None = None
    validation: Sequence[TrainingTree] = ()

    def hash(self) -> str:
        """Return 16 hex digits that change with anything in the trees, generated ones apart."""
        return data_hash([*self.train, *self.held_out, *self.validation])

    def settling(self) -> Sequence[TrainingTree]:
        """Return the trees that give scores their scale: those learnt from, generated if need be."""
        if self.train or self.stream is None:
            return self.train[:SETTLING_TREES]
        return [self.stream(number) for number in range(SETTLING_TREES)]


def run_name(config: RunConfig, *data: str) -> str:
    """Return 16 hex digits that change with anything that a run's numbers depend on.

    The number of processes is not among that: a run may be resumed with another.
    """
    told = config.to_dict()
    del told["training"]["processes"]
    return hashlib.sha256(json.dumps([told, *data], sort_keys=True).encode()).hexdigest()[:16]
