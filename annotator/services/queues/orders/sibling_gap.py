"""Where the model cannot choose: the gap between its two best of what is ranked.

The score of a step or branch is the model's of that step, of a trace the smallest along it. For the
two largest, s₁ ≥ s₂, places with the smallest s₁ − s₂ come first; others with the same gap, or with
fewer than two scores, follow the shuffle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.services.queues.orders.base import by_value
from annotator.services.queues.orders.paths import known_or_refuse
from annotator.services.queues.orders.places import place_best_two

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import Ordered, Pool

NO_PAIRS = "This model has scored no two things that could be ranked. Score the project first."


def order(pool: Pool) -> Ordered:
    """Return the places with the smallest gap first."""
    best, second = place_best_two(pool, pool.scoring_model.pk)
    value = known_or_refuse(second - best, NO_PAIRS)
    why = {"best": best, "second": second}
    return by_value(pool, value, why=why, model_version=pool.model_version)
