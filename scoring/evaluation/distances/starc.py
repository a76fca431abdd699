"""STARC: how far two reward models are apart once shaping and scale are taken out of both.

``d = ‖c(R₁)/‖c(R₁)‖ − c(R₂)/‖c(R₂)‖‖`` over all edges of all trees, with ``c`` the canonical reward and L2
norms: 0 for equal up to shaping and positive scale, √2 for unrelated, 2 for opposite, 1 against a model
that is nothing but shaping.

Source: Skalse et al. 2024, ICLR, arXiv 2309.15257 (STARC metrics; ``minimal`` and value-adjusted
canonicalisation), by two independent implementations (3P). On trees: potentials of 0 where traces
end, see ``trees``; the policy of ``value`` chooses children evenly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.trees import least_canonical, value_canonical

if TYPE_CHECKING:
    from scoring.evaluation.records import Floats
    from scoring.evaluation.trees import RewardTree

_CANONICAL = {"minimal": least_canonical, "value": value_canonical}
_NOTHING = 1e-9  # of the raw norm: what rounding leaves of a reward that is all shaping


def distance(trees: list[RewardTree], *, canonical: str, gamma: float, n_problems: int) -> Findings:
    """Compute the distance over all trees."""
    shape = _CANONICAL[canonical]
    parts = np.zeros((n_problems, 5))
    for tree in trees:
        one = shape(tree.parent, tree.first, gamma)
        two = shape(tree.parent, tree.second, gamma)
        raw = tree.first @ tree.first, tree.second @ tree.second
        parts[tree.problem] += one @ one, two @ two, one @ two, *raw
    edges = sum(len(tree.parent) - 1 for tree in trees)
    measure = Measure("distance", "STARC distance", parts, _distance, edges, "steps")
    return Findings((measure,))


def _distance(sums: Floats) -> Floats:
    one, two, inner, raw_one, raw_two = sums.T
    first, second = one > _NOTHING * raw_one, two > _NOTHING * raw_two
    cosine = np.where(first & second, inner / np.sqrt(one * two), 0.0)
    left = first.astype(np.float64) + second
    return np.sqrt(np.maximum(left - 2 * np.clip(cosine, -1, 1), 0.0))
