"""A shuffle that the seed decides.

Propensity: with a limit of n out of N ordinary candidates each gets in with probability n / N;
without a limit 1.
"""

from __future__ import annotations

import numpy as np

from annotator.services.queues.orders.base import Ordered, Pool, limited


def order(pool: Pool) -> Ordered:
    """Return the candidates shuffled."""
    ordinary = int((pool.gold == 0).sum())
    share = 1.0 if pool.limit is None or not ordinary else min(1.0, pool.limit / ordinary)
    propensity = np.where(pool.gold > 0, 1.0, share)
    return Ordered(picks=limited(pool, np.argsort(pool.shuffled())), propensity=propensity)
