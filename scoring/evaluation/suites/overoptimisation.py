"""Over-optimisation: does choosing harder by the model keep improving the gold reward?

The best of n is a policy whose divergence from sampling is at most ``KL = log n − (n − 1) / n``. At each n
the expected score of the chosen solution (proxy) and its expected gold reward, both exact over all
subsets as in ``best_of_n``. Where the proxy rises and the gold falls, the model is being gamed.

With four sizes or more the gold curve is also described by the form of Gao et al. for the best of n,
``gold(n) − gold(1) = d (α − β d)`` with ``d = √KL``, fitted by least squares on the points (every n alike). α is
the gain per d before anything is gamed, β how fast it is lost; for β > 0 the fitted curve is highest at ``d = α / 2β``.
Their form for reinforcement learning, ``d (α − β log d)``, is of other policies and is not fitted.

Source: Gao et al. 2022, arXiv 2210.10760 (curves and form over best-of-n KL); that the formula is an upper
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

LEAST_SIZES = 4
NO_PEAK = "undefined because the fitted gold rises or falls throughout"


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
    return Findings((*found, drop, *_form(ns, parts["gold"], len(pools))), notes=notes)


def _form(ns: tuple[int, ...], parts: Floats, n_problems: int) -> list[Measure]:
    """Return what describes the gold curve; nothing if two numbers would fit it exactly."""
    if len(ns) < LEAST_SIZES:
        return []
    d = np.sqrt([divergence(n) for n in ns])
    design = np.column_stack([d, -(d**2)])[1:]
    solved = np.linalg.pinv(design)

    def fitted(sums: Floats) -> Floats:
        """Return ``(B, 2)`` α and β."""
        means = sums[:, ::2] / sums[:, 1::2]
        return np.asarray((means[:, 1:] - means[:, :1]) @ solved.T, np.float64)

    def peak(sums: Floats) -> Floats:
        alpha, beta = fitted(sums).T
        inside = (alpha > 0) & (beta > 0)
        return np.where(inside, (alpha / (2 * np.where(inside, beta, 1.0))) ** 2, np.nan)

    def error(sums: Floats) -> Floats:
        means = sums[:, ::2] / sums[:, 1::2]
        left = means[:, 1:] - means[:, :1] - fitted(sums) @ design.T
        return np.asarray(np.sqrt((left**2).mean(axis=1)), np.float64)

    told = (
        ("alpha", "α of the gold curve, per √nat", lambda sums: fitted(sums)[:, 0]),
        ("beta", "β of the gold curve, per nat", lambda sums: fitted(sums)[:, 1]),
        ("peak", "Divergence where the fitted gold is highest, nats", peak),
        ("fit_error", "Root mean square error of the fitted gold", error),
    )
    return [
        Measure(key, label, parts, statistic, n_problems, "problems", NO_PEAK, compared=False)
        for key, label, statistic in told
    ]


def divergence(n: int) -> float:
    """Return ``log n − (n − 1) / n`` in nats."""
    return math.log(n) - (n - 1) / n


def _drop(sums: Floats) -> Floats:
    """Return how far the last point is below the highest: 0 while choosing harder still pays."""
    means = sums[:, ::2] / sums[:, 1::2]
    return np.asarray(means.max(axis=1) - means[:, -1], np.float64)
