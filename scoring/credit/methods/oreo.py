"""OREO: how far a policy is from the soft Bellman equation, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import missing_traces
from scoring.credit.groups import leaf_values
from scoring.credit.ratios import log_ratios
from scoring.credit.recurrences import backwards
from scoring.credit.returns import STAND_IN
from scoring.credit.suffixes import unknown_ahead

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree


def residual(tree: Tree, *, beta: float, critic: str) -> Credit:
    """Return ``R − beta · Σ_{k≥t} q_k − V(s_t)`` for each step t, with q the steps' log-ratios.

    ``s_t`` is the state before the step, so V stands at its parent. V is the leaf value ("leaf",
    our stand-in) or the column ``value`` ("value"), the problem's included. 0 means that the policy's
    later steps explain all that is left to gain.

    Returns:
        Outcome units, signed, by step and trace; NaN where a log-ratio from here on or V is missing.

    Source: the telescoped equation of OREO (jwhj/OREO, ``pcl_trainer.py``).
    """
    ratios, notes = log_ratios(tree)
    if critic == "leaf":
        value = leaf_values(tree)
        notes += (STAND_IN,)
    else:
        value = np.where(np.isfinite(tree.value), tree.value, np.nan)
    notes += missing_traces(np.isfinite(tree.outcomes), "known outcome")

    def values(cells: Cells) -> FloatArray:
        own = ratios[cells.node]
        unknown = np.isnan(own)
        later = backwards(np.where(unknown, 0.0, own), np.where(cells.last, 0.0, 1.0))
        found = tree.outcomes[cells.trace] - beta * later - value[tree.parent[cells.node]]
        return np.where(unknown_ahead(cells, unknown), np.nan, found)

    return credit_by_cell(tree, values, notes)
