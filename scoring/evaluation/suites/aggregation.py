"""Which way of turning step scores into one score of a solution picks and ranks best?

For every rule of ``aggregate.AGGREGATIONS``: the accuracy of the best of n, and the share of pairs of a
right and a wrong solution of one problem in which the right one scores higher (a tie counts half),
averaged over the problems that have both.

Source: rules as in REWARD-model papers (product: Lightman et al. 2023, arXiv 2305.20050; minimum: Wang et
al. 2023, arXiv 2312.08935; soft minimum: Cheng et al. 2025, arXiv 2504.15275); best of n as in
``best_of_n``. The sweep itself is a choice of this project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.aggregate import AGGREGATIONS, outcomes
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.choice import groups, large_enough, selection
from scoring.evaluation.intervals import ratio

if TYPE_CHECKING:
    from scoring.evaluation.choice import Group
    from scoring.evaluation.records import Records

NO_PAIR = "undefined because no problem has right and wrong solutions"


def sweep(records: Records, *, n: int) -> Findings:
    """Compare the rules at the best of ``n``, or of the smallest pool if it is 0."""
    found = []
    for rule in AGGREGATIONS.values():
        pools, notes = large_enough(groups(records, outcomes(records, rule.key)), n)
        size = n or min(len(pool.right) for pool in pools)
        picked = np.zeros((len(records.problems), 2))
        ranked = np.zeros((len(records.problems), 2))
        for pool in pools:
            picked[pool.problem] += float(selection(pool.scores, size) @ pool.right), 1.0
            if pool.right.any() and not pool.right.all():
                ranked[pool.problem] += in_order(pool), 1.0
        chance = float(np.mean([pool.right.mean() for pool in pools]))
        pairs = int(ranked[:, 1].sum())
        found += [
            Measure(
                f"accuracy@{size}:{rule.key}",
                f"Best of {size}",
                picked,
                ratio,
                len(pools),
                "problems",
                split=rule.label,
                chance=chance,
            ),
            Measure(
                f"in_order:{rule.key}",
                "Pairs in order",
                ranked,
                ratio,
                pairs,
                "problems",
                NO_PAIR,
                split=rule.label,
                chance=0.5,
            ),
        ]
    return Findings(tuple(found), notes=notes)


def in_order(pool: Group) -> float:
    """Return the share of right–wrong pairs in which the right one scores higher."""
    gap = pool.scores[pool.right][:, None] - pool.scores[~pool.right][None, :]
    return float((np.sign(gap).mean() + 1) / 2)
