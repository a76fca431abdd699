"""Where there is most to choose from: the number of things to rank, 2 to 32, largest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.services.queues.orders.base import by_value
from annotator.services.queues.orders.places import place_sizes

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import Ordered, Pool


def order(pool: Pool) -> Ordered:
    """Return the places with the most things to rank first."""
    items = place_sizes(pool)
    return by_value(pool, items, why={"items": items})
