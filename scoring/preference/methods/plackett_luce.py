"""Plackett–Luce: a ranking is drawn from the top, each item with probability π_i / Σ of what is left.

Luce 1959, *Individual Choice Behavior*; Plackett 1975, Applied Statistics 24, 193–202. Items that
were not shown or were set aside are in no sum, so rankings of subsets are used as they are. The
model has no ties: for a tier of m items, draw r = 0 … m-1 sees the tied items with weight
1 - r/m, which is Efron's approximation (1977, JASA 72, 557–565) to the mean over the orders that
the tier leaves open; for rankings see Allison & Christakis 1994, Sociological Methodology 24.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from scoring.preference.fit import Point

if TYPE_CHECKING:
    from scoring.preference.data import Comparisons, Floats


def likelihood(data: Comparisons) -> _Draws:
    """Return the log-likelihood of all rankings."""
    return _Draws(data)


class _Draws:
    """Every draw of every ranking: who was drawn, from what, counted how often."""

    tie = ""

    def __init__(self, data: Comparisons) -> None:
        self.n = len(data.items)
        self.start = np.zeros(self.n)
        self._drawn = np.zeros(self.n)
        shares: list[Floats] = []
        counts: list[float] = []
        tied = 0
        for tiers, weight in zip(data.rankings, data.weights.tolist(), strict=True):
            if not weight:
                continue
            left = np.zeros(self.n)
            left[list(chain.from_iterable(tiers))] = 1
            for number, tier in enumerate(tiers, start=1):
                members, m = list(tier), len(tier)
                tied += m > 1
                if m > 1 or number < len(tiers):  # the last item alone is drawn for certain
                    self._drawn[members] += weight
                    for r in range(m):
                        share = left.copy()
                        share[members] = 1 - r / m
                        shares.append(share)
                        counts.append(weight)
                left[members] = 0
        present = np.array(shares)  # (draws, n)
        self._log_shares = np.log(present, out=np.full_like(present, -np.inf), where=present > 0)
        self._counts = np.array(counts)
        self.notes = (f"tiers of tied items enter by Efron's approximation: {tied}",) * bool(tied)

    def __call__(self, theta: Floats) -> Point:
        """Sum over draws."""
        logits = self._log_shares + theta
        log_total = np.logaddexp.reduce(logits, axis=1)
        p = np.exp(logits - log_total[:, None])
        weighted = p * self._counts[:, None]
        expected = weighted.sum(axis=0)
        value = self._drawn @ theta - self._counts @ log_total
        return Point(float(value), self._drawn - expected, weighted.T @ p - np.diag(expected))
