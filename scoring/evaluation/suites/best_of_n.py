"""Best of n: how often is the solution right that the model picks out of n?

For every problem the exact average over all subsets of n of its solutions, a tie decided by lot
(``choice.selection``); beside it a random pick and an oracle that finds a right solution if there is
one. Problems count alike and are what the interval resamples.

Source: unbiased estimates over subsets as in Chen et al. 2021, arXiv 2107.03374 (pass@k); for the
best by a score see Nakano et al. 2021, arXiv 2112.09332, appendix I. The exact treatment of ties is
ours: sorted order would favour whichever tied solution happens to come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.aggregate import outcomes
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.choice import any_of, groups, large_enough, selection, sizes
from scoring.evaluation.intervals import ratio

if TYPE_CHECKING:
    from scoring.evaluation.choice import Group
    from scoring.evaluation.records import Floats, Records


def curve(records: Records, *, aggregation: str, max_n: int) -> Findings:
    """Trace the curve for n = 1, 2, 4, … up to ``max_n``, or to the smallest pool if it is 0.

    Pools smaller than ``max_n`` are left out at every n, so that all points are of the same problems.
    """
    pools, notes = large_enough(groups(records, outcomes(records, aggregation)), max_n)
    ns = sizes([len(pool.right) for pool in pools], max_n)
    problems = len(records.problems)
    found = []
    for n in ns:
        oracle = np.array([any_of(pool.right, n) for pool in pools])
        picked = np.array([float(selection(pool.scores, n) @ pool.right) for pool in pools])
        chance = float(np.mean([pool.right.mean() for pool in pools]))
        label = f"Best of {n}"
        found.append(_point(f"accuracy@{n}", label, pools, picked, problems, "model", n, chance))
        found.append(_point(f"oracle@{n}", f"Oracle, {n}", pools, oracle, problems, "oracle", n))
    random = np.array([float(pool.right.mean()) for pool in pools])
    gain = picked - random
    found.append(_point("random", "Random pick", pools, random, problems, "random", 1))
    found.append(_point(f"gain@{ns[-1]}", f"Gain of {ns[-1]} over one", pools, gain, problems))
    return Findings(tuple(found), notes=notes)


def _point(
    key: str,
    label: str,
    pools: list[Group],
    values: Floats,
    problems: int,
    series: str = "",
    n: int | None = None,
    chance: float | None = None,
) -> Measure:
    parts = np.zeros((problems, 2))
    at = np.array([pool.problem for pool in pools])
    np.add.at(parts, at, np.stack([values, np.ones(len(at))], axis=1))
    return Measure(
        key,
        label,
        parts,
        ratio,
        len(pools),
        "problems",
        series=series,
        x=None if n is None else float(n),
        chance=chance,
        compared=series not in ("oracle", "random"),
    )
