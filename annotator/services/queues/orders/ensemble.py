"""Where models disagree: mean over the steps of the variance of their scores.

var(p¹ … pᴹ) over the M models that scored the step (population variance), for steps that two or more
scored. All models of the project that are ready take part, an ensemble with each of its members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.errors import InvalidError
from annotator.models import RewardModel
from annotator.services.queues.orders.base import Ordered, Pool, by_value, version_of
from annotator.services.queues.orders.measures import mean_along
from annotator.services.queues.orders.paths import Paths, known_or_refuse, measured
from scoring.reward.scores import MEMBER

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import FloatArray

FEWEST = 2
MOST = 16
TOO_FEW = (
    "Fewer than two models have scored the same steps; disagreement needs two, or an ensemble."
)


def order(pool: Pool) -> Ordered:
    """Return the traces with the largest mean variance first."""
    models = RewardModel.objects.filter(project=pool.project, ready=True).order_by("-pk")[:MOST]
    voices = [(model, part) for model in models for part in voices_of(model)][:MOST]
    if len(voices) < FEWEST:
        raise InvalidError(TOO_FEW, code="order_lacks")

    def measure(paths: Paths) -> dict[str, FloatArray]:
        return {"variance": mean_along(spread([paths.scores(m.pk, part) for m, part in voices]))}

    columns = measured(pool, measure, ("variance",))
    value = known_or_refuse(columns["variance"], TOO_FEW)
    heard = dict.fromkeys(version_of(model) for model, _ in voices)
    versions = "; ".join(heard)[:120]
    return by_value(pool, value, why=columns, model_version=versions)


def voices_of(model: RewardModel) -> list[int]:
    """Return which of a model's numbers are heard: its members' scores, or its one score (0)."""
    members = [at for at, (name, _) in enumerate(model.parts, 1) if name.startswith(MEMBER)]
    return members or [0]


def spread(scores: list[FloatArray]) -> FloatArray:
    """Return the population variance over models, NaN where fewer than two scored."""
    total, squares, n = (np.zeros(scores[0].shape) for _ in range(3))
    for column in scores:
        known = np.isfinite(column)
        n += known
        total += np.where(known, column, 0.0)
        squares += np.where(known, column, 0.0) ** 2
    count = np.maximum(n, 1)
    variance = np.maximum(squares / count - (total / count) ** 2, 0.0)
    return np.where(n >= FEWEST, variance, np.nan)
