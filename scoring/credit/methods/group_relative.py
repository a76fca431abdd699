"""Advantages that compare a whole trace with the other traces of its problem.

The same value goes to every step of the trace; a shared step shows the mean over its traces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.groups import group, spread

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.tree import Tree


def grpo(tree: Tree, *, ddof: int, eps: float, single: str) -> Credit:
    """Return ``A_i = (r_i − mean(r)) / (std(r) + eps)`` over the problem's traces.

    Returns:
        Standard deviations, signed; 0 everywhere with a note if all outcomes are equal.

    Source: Shao et al. 2024, as computed by verl: ddof 1, eps 1e-6, a group of one has mean 0
    and deviation 1. Other code bases use ddof 0.
    """
    stats = group(tree, ddof=ddof, single=single)
    if stats.flat:
        return spread(tree, np.where(stats.known, 0.0, np.nan), stats.notes)
    return spread(tree, (tree.outcomes - stats.mean) / (stats.std + eps), stats.notes)


def dr_grpo(tree: Tree, *, single: str) -> Credit:
    """Return ``A_i = r_i − mean(r)``: GRPO without the division.

    Returns:
        Outcome units, signed; 0 everywhere with a note if all outcomes are equal.

    Source: Liu et al. 2025. The length normalisation it also drops has no counterpart here.
    """
    stats = group(tree, single=single)
    if stats.flat:
        return spread(tree, np.where(stats.known, 0.0, np.nan), stats.notes)
    return spread(tree, tree.outcomes - stats.mean, stats.notes)


def rloo(tree: Tree, *, single: str) -> Credit:
    """Return ``A_i = r_i − mean_{j≠i}(r_j)``, the leave-one-out baseline.

    Returns:
        Outcome units, signed: K / (K − 1) times Dr. GRPO's for K traces, r itself for one trace.

    Source: Ahmadian et al. 2024.
    """
    stats = group(tree, single=single)
    if stats.flat:
        return spread(tree, np.where(stats.known, 0.0, np.nan), stats.notes)
    count = int(stats.known.sum())
    others = count / (count - 1) if count > 1 else 1.0
    return spread(tree, (tree.outcomes - stats.mean) * others, stats.notes)
