"""File order: problems as they were imported, a problem's traces as they stood in the file.

Among what comes as it stood in the file, gold from elsewhere in the file would be seen at once. A
queue that hides gold therefore takes the same candidates and serves them shuffled by its seed.

Propensity 1: what is in is not left to chance.
"""

from __future__ import annotations

import numpy as np

from annotator.services.queues.orders.base import Ordered, Pool, limited


def order(pool: Pool) -> Ordered:
    """Return the candidates as they come, shuffled where gold is hidden among others."""
    picks = limited(pool, np.arange(len(pool)))
    gold = pool.gold[picks] > 0
    if gold.any() and not gold.all():
        picks = picks[np.argsort(pool.shuffled()[picks])]
    return Ordered(picks=picks, propensity=np.ones(len(pool)))
