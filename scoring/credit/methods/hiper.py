"""HiPER: generalised advantages within segments, and over segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import Passes, credit_by_cell
from scoring.credit.recurrences import backwards
from scoring.credit.returns import STAND_IN, Rewards, before_steps, without_value

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree

PLAN = "plan"


def credit(
    tree: Tree,
    *,
    gamma: float,
    lam_turn: float,
    lam_segment: float,
    critic: str,
    part: str,
    rewards: str,
) -> Credit:
    """Return the advantage of each step, from two critics at two levels.

    A segment begins at the first step and at each step of level "plan". Low, inside a segment:
    ``δ_t = r_t + γ V(t + 1) − V(t)``, ``A_t = δ_t + γ λ_turn A_(t+1)``; its last step looks at the
    upper critic's value of the next segment instead and the sum stops there. High, for a segment of
    d steps: ``δ_m = Σ_(j<d) γ^j r_j + γ^d U(m + 1) − U(m)``, ``A_m = δ_m + γ^d λ_segment A_(m+1)``.

    V and U are the columns ``critic`` and ``critic_high``, values of the state before the step; with
    ``critic="leaf_value"`` the leaf value of the step's parent stands in for both. ``part`` chooses
    what is shown: "placed" = high on plan steps, low on the others; "low" or "high" = that
    everywhere.

    Returns:
        Outcome units, signed.

    Source: arXiv 2602.16165, JonP07/HiPER-agent at 9d3c118 ``hiper_hae/core_hae.py``.
    """
    given = Rewards(tree, rewards)
    low = before_steps(tree, critic, "critic")
    high = before_steps(tree, critic, "critic_high")
    plan = tree.level == PLAN
    notes = [STAND_IN] if critic == "leaf_value" else []

    def values(cells: Cells) -> FloatArray:
        value, upper, last = low[cells.node], high[cells.node], cells.last
        starts = plan[cells.node] | (cells.step == 0)
        closing = last | np.append(starts[1:], True)
        unknown = ~given.known[cells.trace] | without_value(
            cells, np.where(starts, value + upper, value)
        )
        value, upper = np.nan_to_num(value), np.nan_to_num(upper)
        reward = given.of(cells)
        following = np.where(last, 0.0, _next(np.where(starts, upper, value)))
        step = backwards(
            reward + gamma * following - value, np.where(closing, 0.0, gamma * lam_turn)
        )
        first = np.flatnonzero(starts)
        lengths = np.diff(np.append(first, len(cells)))
        total = backwards(
            reward + np.where(closing, gamma * following, 0.0), np.where(closing, 0.0, gamma)
        )
        segment = backwards(
            total[first] - upper[first],
            np.where(last[first + lengths - 1], 0.0, gamma**lengths * lam_segment),
        )
        whole = np.repeat(segment, lengths)
        placed = {"placed": np.where(plan[cells.node], whole, step), "low": step, "high": whole}
        return np.where(unknown, np.nan, placed[part])

    passes = Passes(tree)
    if critic == "column":
        notes += _lacking(tree, low)
    return credit_by_cell(tree, values, (*given.notes, *notes), passes)


def _next(values: FloatArray) -> FloatArray:
    return np.append(values[1:], 0.0)[: len(values)]


def _lacking(tree: Tree, value: FloatArray) -> list[str]:
    missing = int(np.isnan(value[1:]).sum())
    steps = len(tree) - 1
    return [f"{missing} of {steps} steps have no critic's value, nor do their traces"] * (
        missing > 0
    )
