"""Where models disagree: mean over the steps of the variance of their scores.

var(p¹ … pᴹ) over the M models that scored the step (population variance), for steps that two or more
scored. All models of the project that are ready take part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.errors import InvalidError
from annotator.models import RewardModel
from annotator.services.queues.orders.base import Ordered, Pool, by_value, version_of
from annotator.services.queues.orders.measures import mean_along
from annotator.services.queues.orders.paths import Paths, known_or_refuse, measured

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import FloatArray

FEWEST = 2
MOST = 16
TOO_FEW = "Fewer than two models have scored the same steps; disagreement needs two."


def order(pool: Pool) -> Ordered:
    """Return the traces with the largest mean variance first."""
    models = list(
        RewardModel.objects.filter(project=pool.project, ready=True).order_by("-pk")[:MOST]
    )
    if len(models) < FEWEST:
        raise InvalidError(TOO_FEW, code="order_lacks")

    def measure(paths: Paths) -> dict[str, FloatArray]:
        return {"variance": mean_along(spread([paths.scores(model.pk) for model in models]))}

    columns = measured(pool, measure, ("variance",))
    value = known_or_refuse(columns["variance"], TOO_FEW)
    versions = "; ".join(version_of(model) for model in models)[:120]
    return by_value(pool, value, why=columns, model_version=versions)


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
