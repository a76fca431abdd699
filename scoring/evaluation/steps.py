"""Do a model's scores rank right steps above wrong ones, on labelled trees it has yet to score?

The numbers are those at the end of a training; suite ``steps`` gives them for scores that are there.
The trees must be of problems that the model was not trained on; the caller chooses them, since
only the caller knows the model's split.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import MissingInputError
from scoring.reward.quality import step_quality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from scoring.reward.metrics import Metric
    from scoring.reward.quality import LabelledTree, Scorer


@dataclass(frozen=True, slots=True)
class Report:
    """What a suite found.

    Attributes:
        metrics: name → number with interval.
        hash: 16 hex digits of the trees and targets it was computed on.
    """

    metrics: Mapping[str, Metric]
    hash: str


def evaluate(
    model: Scorer,
    trees: Iterable[LabelledTree],
    *,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Score labelled trees and compare; ``on_progress`` is told trees scored and trees in all.

    Raises:
        MissingInputError: if no step has a target.
    """
    items = list(trees)
    if not any(np.isfinite(item.targets).any() for item in items):
        raise MissingInputError("steps", ["step labels"], "label steps of held-out problems first")
    digest = sha256()
    for item in items:
        digest.update(f"{item.problem_key}\0{item.problem_text}\0".encode())
        digest.update("\0".join(map(str, item.tree.text[1:])).encode())
        digest.update(np.ascontiguousarray(item.targets).tobytes())

    def scored(done: int) -> None:
        if on_progress is not None:
            on_progress(done, len(items))

    metrics = step_quality(model, items, seed=seed, on_scored=scored)
    return Report(metrics=metrics, hash=digest.hexdigest()[:16])
