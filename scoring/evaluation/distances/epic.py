"""EPIC-style distance (reconstruction): Pearson distance of two rewards with shaping taken out.

``d = √((1 − ρ) / 2)``, ρ the correlation of the two canonical rewards over all edges of all trees: 0 for equal up
to shaping, positive scale and a constant; √½ for unrelated; 1 for opposite.

Source: Gleave et al. 2021, ICLR, arXiv 2006.13900, for the Pearson distance. **Reconstruction**: EPIC's
canonical shaping averages rewards over transitions between any two states, which a tree does not have;
here the value of choosing children evenly takes its place (``trees.value_canonical``), which is unchanged by
shaping as EPIC's is. Do not compare with EPIC distances of other works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.trees import value_canonical

if TYPE_CHECKING:
    from scoring.evaluation.records import Floats
    from scoring.evaluation.trees import RewardTree

NO_SPREAD = "undefined because a model's rewards are nothing but shaping"
_NOTHING = 1e-9


def distance(trees: list[RewardTree], *, gamma: float, n_problems: int) -> Findings:
    """Compute the distance over all trees."""
    parts = np.zeros((n_problems, 7))
    edges = 0
    for tree in trees:
        x = value_canonical(tree.parent, tree.first, gamma)[1:]
        y = value_canonical(tree.parent, tree.second, gamma)[1:]
        raw = max(tree.first @ tree.first, tree.second @ tree.second)
        parts[tree.problem] += len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y, raw
        edges += len(x)
    label = "EPIC-style distance (reconstruction)"
    return Findings((Measure("distance", label, parts, _distance, edges, "steps", NO_SPREAD),))


def _distance(sums: Floats) -> Floats:
    n, x, y, xx, yy, xy, raw = sums.T
    spread_x, spread_y = xx - x * x / n, yy - y * y / n
    varies = np.minimum(spread_x, spread_y) > _NOTHING * raw
    rho = np.where(varies, (xy - x * y / n) / np.sqrt(spread_x * spread_y), np.nan)
    return np.asarray(np.sqrt((1 - np.clip(rho, -1, 1)) / 2), np.float64)
