"""TEMPO: GRPO with a temporal-difference term where the prefix tree branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.groups import group, leaf_values, spread, spread_with_steps

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.tree import Tree


def credit(tree: Tree, *, ddof: int, eps: float, single: str) -> Credit:
    """Return ``A = [(r_i − mean r) + (V(s') − V(s))] / (std(r) + eps)`` for the step s → s'.

    ``V`` is the leaf value; it does not change where the tree does not branch and no trace ends,
    so there the numbers are GRPO's.

    Returns:
        Standard deviations, signed; 0 everywhere with a note if all outcomes are equal.

    Source: arXiv 2509.18314. The value is in the abstract; that the second term is divided too
    was pieced together from reviews, eps and ddof were not seen (ours: GRPO's).
    """
    stats = group(tree, ddof=ddof, single=single)
    if stats.flat:
        return spread(tree, np.where(stats.known, 0.0, np.nan), stats.notes)
    scale = stats.std + eps
    value = leaf_values(tree)
    change = np.zeros(len(tree))
    change[1:] = value[1:] - value[tree.parent[1:]]
    return spread_with_steps(
        tree, (tree.outcomes - stats.mean) / scale, change / scale, stats.notes
    )
