"""GroundedPRM: checks of the steps that follow, and the final answer, in one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import missing_steps, missing_traces, numbers, wrong
from scoring.credit.recurrences import backwards
from scoring.credit.traces import solved

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree


def credit(tree: Tree, *, backup: str, decay: float) -> Credit:
    """Return ``U = Σ_{i<N} v_i (N − i) / N² + F / N`` of what follows each step on each trace.

    ``v_0 … v_{N−1}`` are the checks of the steps between this one and the trace's last one, both
    excluded, ``F`` is +1 for a solved and −1 for a failed trace; ``U = F`` where nothing lies
    between. A step that was not checked is left out; 0 (undecided) counts as a step of no weight.

    Args:
        tree: its column ``checks`` holds +1, −1, 0 or None for each step.
        backup: "none", or "sum" for the discounted sum of the U of a step and of all later ones:
            every step of the trace is then taken as the start of a rollout.
        decay: per step of distance, for ``backup="sum"``.

    Returns:
        From −2 to 2 without backup, signed, by step and trace. The code's running sum over rollouts
        grows with their number; here the node is the mean over its traces.

    Source: arXiv 2510.14942 (JerryPlain/GroundedPRMCode, its tree search).
    """
    checks = numbers(tree, "checks")
    bad = np.flatnonzero(np.isfinite(checks) & ~np.isin(checks, (-1.0, 0.0, 1.0)))
    if len(bad):
        raise wrong(tree, "checks", int(bad[0]), "+1, −1 or 0")
    right = solved(tree)
    final = 2.0 * right - 1.0
    notes = missing_traces(np.isfinite(right), "known outcome")
    notes += missing_steps(checks, "check")

    def values(cells: Cells) -> FloatArray:
        check = checks[cells.node]
        counted = np.where(np.isnan(check) | cells.last, 0.0, 1.0)
        ahead = cells.suffix_sums(counted)  # of the steps from here on: the weight N − i
        between = ahead - counted
        weighed = np.where(counted > 0, check, 0.0) * ahead
        total = cells.suffix_sums(weighed) - weighed
        size = np.maximum(between, 1.0)
        ends = np.nan_to_num(final[cells.trace])
        found = np.where(between > 0, total / size**2 + ends / size, ends)
        if backup == "sum":
            found = backwards(found, np.where(cells.last, 0.0, decay))
        return np.where(np.isnan(final[cells.trace]), np.nan, found)

    return credit_by_cell(tree, values, notes)
