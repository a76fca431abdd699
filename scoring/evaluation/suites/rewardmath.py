"""RewardMATH: is the one right solution above all of the many wrong ones?

Accuracy is the share of problems whose right solution scores above every wrong one; with ties, not
below any. MRR is the mean of ``1 / rank``, a tie counting against the right solution.

Source: Kim et al. 2024, arXiv 2410.01729, and ``src/evaluation/eval.py`` of
kimsh0507/RewardMATH_official (1 right and 9 wrong: chance 10 % and 29.29 %; PRMs by product and
geometric mean).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.aggregate import outcomes
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.choice import groups, one_right
from scoring.evaluation.intervals import ratio

if TYPE_CHECKING:
    from scoring.evaluation.records import Records


def one_to_many(records: Records, *, aggregation: str) -> Findings:
    """Rank the right solution of every group among the wrong ones."""
    members = [
        one_right(group, "rewardmath") for group in groups(records, outcomes(records, aggregation))
    ]
    size = np.array([len(group.right) for group in members])
    above, level = (
        np.array([int(told(g.scores[~g.right], g.scores[g.right]).sum()) for g in members])
        for told in (np.greater, np.equal)
    )
    rank = 1 + above + level
    at = np.array([group.problem for group in members])
    found = []
    for key, label, values, chance in (
        ("accuracy", "Right above all wrong", above + level == 0, np.mean(1 / size)),
        ("accuracy_with_ties", "Right not below any wrong", above == 0, np.mean(1 / size)),
        ("mrr", "Mean reciprocal rank", 1 / rank, np.mean([_harmonic(n) / n for n in size])),
    ):
        parts = np.zeros((len(records.problems), 2))
        np.add.at(parts, at, np.stack([values, np.ones(len(at))], axis=1))
        found.append(Measure(key, label, parts, ratio, len(at), "groups", chance=float(chance)))
    return Findings(tuple(found))


def _harmonic(n: int) -> float:
    return float((1 / np.arange(1, n + 1)).sum())
