"""Where the model does not know: mean entropy of its step scores.

For a trace with scores p₁ … pₙ, the mean over the scored steps of H(p) = −p ln p − (1−p) ln(1−p), in
nats; 0.693 is a coin toss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.services.queues.orders.base import Ordered, Pool, by_value
from annotator.services.queues.orders.measures import entropy, mean_along
from annotator.services.queues.orders.paths import NO_SCORES, Paths, known_or_refuse, measured

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import FloatArray


def order(pool: Pool) -> Ordered:
    """Return the traces with the largest mean entropy first."""
    model = pool.scoring_model

    def measure(paths: Paths) -> dict[str, FloatArray]:
        return {"entropy": mean_along(entropy(paths.scores(model.pk)))}

    columns = measured(pool, measure, ("entropy",))
    value = known_or_refuse(columns["entropy"], NO_SCORES)
    return by_value(pool, value, why=columns, model_version=pool.model_version)
