"""Over-optimisation: does choosing harder by the model keep improving the gold reward?

The best of n is a policy whose divergence from sampling is at most ``KL = log n − (n − 1) / n``. At each n
the expected score of the chosen solution (proxy) and its expected gold reward, both exact over all
subsets as in ``best_of_n``. Where the proxy rises and the gold falls, the model is being gamed.

Source: Gao et al. 2022, arXiv 2210.10760 (curves over best-of-n KL); that the formula is an upper
bound, tight for many distinct solutions: Beirami et al. 2024, arXiv 2401.01879.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.aggregate import outcomes
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.choice import groups, large_enough, selection, sizes
from scoring.evaluation.intervals import ratio

if TYPE_CHECKING:
    from scoring.evaluation.records import Floats, Records


def curve(records: Records, *, aggregation: str, max_n: int) -> Findings:
    """Trace proxy and gold for n = 1, 2, 4, … up to ``max_n``, or to the smallest pool if it is 0."""
    pools, notes = large_enough(groups(records, outcomes(records, aggregation)), max_n)
    ns = sizes([len(pool.right) for pool in pools], max_n)
    gold = np.array([row.reward for row in records])
    parts = {name: np.zeros((len(records.problems), 2 * len(ns))) for name in ("proxy", "gold")}
    for pool in pools:
        for at, n in enumerate(ns):
            chosen = selection(pool.scores, n)
            for name, values in (("proxy", pool.scores), ("gold", gold[pool.members])):
                parts[name][pool.problem, 2 * at : 2 * at + 2] += float(chosen @ values), 1.0
    found = [
        Measure(
            f"{name}@{n}",
            f"{name.capitalize()}, best of {n}",
            columns[:, 2 * at : 2 * at + 2],
            ratio,
            len(pools),
            "problems",
            series=name,
            x=divergence(n),
            compared=name == "gold",
        )
        for name, columns in parts.items()
        for at, n in enumerate(ns)
    ]
    drop = Measure(
        "gold_drop",
        f"Gold at best of {ns[-1]} below its highest",
        parts["gold"],
        _drop,
        len(pools),
        "problems",
        compared=False,
    )
    return Findings((*found, drop), notes=notes)


def divergence(n: int) -> float:
    """Return ``log n − (n − 1) / n`` in nats."""
    return math.log(n) - (n - 1) / n


def _drop(sums: Floats) -> Floats:
    """Return how far the last point is below the highest: 0 while choosing harder still pays."""
    means = sums[:, ::2] / sums[:, 1::2]
    return np.asarray(means.max(axis=1) - means[:, -1], np.float64)
