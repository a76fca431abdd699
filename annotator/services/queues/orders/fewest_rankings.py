"""Where least is known: how many people ranked the place on the task's level, fewest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Queue
from annotator.queries.queues.gates import RANKING_LEVELS
from annotator.services.queues.orders.base import by_value
from annotator.services.queues.orders.places import place_people

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import Ordered, Pool


def order(pool: Pool) -> Ordered:
    """Return the places that the fewest people ranked first."""
    people = place_people(pool, RANKING_LEVELS[Queue.Task(pool.task)])
    return by_value(pool, -people, why={"people": people})
