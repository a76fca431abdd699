"""Where people disagree: mean over the steps of the variance of their ratings.

Population variance of the ratings −1, 0, +1 of a step, for steps that two or more people (imported
labelers among them) rated; 1 is an even split between right and wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.services.queues.orders.base import Ordered, Pool, by_value
from annotator.services.queues.orders.measures import mean_along
from annotator.services.queues.orders.paths import Paths, known_or_refuse, measured

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import FloatArray

TOO_FEW = "No step here was rated by two people yet; disagreement needs two."


def order(pool: Pool) -> Ordered:
    """Return the traces with the largest mean variance first."""

    def measure(paths: Paths) -> dict[str, FloatArray]:
        _, variance, n = paths.ratings()
        return {"variance": mean_along(np.where(n >= 2, variance, np.nan))}

    columns = measured(pool, measure, ("variance",))
    return by_value(pool, known_or_refuse(columns["variance"], TOO_FEW), why=columns)
