"""First-error localisation: where the model thinks that there is an error and cannot say where.

Step scores p₁ … pₙ, read as the chance that a step is right given that all before it are, say where
the first error is: qₖ = p₁ ⋯ pₖ₋₁ (1 − pₖ), and none with p₁ ⋯ pₙ. The value is the part of this
distribution's entropy that a person settles by finding the step, P(error) · H(k | error), in nats:
0 if the scores drop once and sharply, large if they decline slowly. The remaining part, whether there
is an error at all, is not counted. Steps without a score are passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.services.queues.orders.base import Ordered, Pool, by_value
from annotator.services.queues.orders.measures import ambiguity
from annotator.services.queues.orders.paths import NO_SCORES, Paths, known_or_refuse, measured

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import FloatArray

NAMES = ("ambiguity", "error_chance")


def order(pool: Pool) -> Ordered:
    """Return the traces whose first error is hardest to place first."""
    model = pool.scoring_model

    def measure(paths: Paths) -> dict[str, FloatArray]:
        return dict(zip(NAMES, ambiguity(paths.scores(model.pk)), strict=True))

    columns = measured(pool, measure, NAMES)
    value = known_or_refuse(columns["ambiguity"], NO_SCORES)
    return by_value(pool, value, why=columns, model_version=pool.model_version)
