"""MA-RLHF: generalised advantages over macro-actions of several steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.recurrences import backwards
from scoring.credit.returns import STAND_IN, Rewards, before_steps, without_value

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, IntArray, Tree


def credit(
    tree: Tree, *, length: int, sigma: str, gamma: float, lam: float, critic: str, rewards: str
) -> Credit:
    """Return the advantage of the macro-action each step belongs to.

    ``length`` steps of a trace are one macro-action (the last may be shorter). Its reward and value
    are ``Σ σ_t x_t`` over its steps: ``σ`` is 1 at the last step ("unit"), 1/n ("equal"), or
    1/(t + 1) normalised ("position"). ``δ_m = R_m + γ V_(m+1) − V_m``, ``A_m = δ_m + γ λ A_(m+1)``.

    V is the column ``critic``, values of the state before the step; with ``critic="leaf_value"`` the
    leaf value of the step's parent stands in for it.

    Returns:
        Outcome units, signed.

    Source: arXiv 2410.02743, ernie-research/MA-RLHF at 807551d ``ppo_trainer.py``, there over tokens.
    """
    given = Rewards(tree, rewards)
    before = before_steps(tree, critic, "critic")

    def values(cells: Cells) -> FloatArray:
        value = before[cells.node]
        unknown = ~given.known[cells.trace] | without_value(cells, value)
        place = cells.step % length
        first = np.flatnonzero(place == 0)
        if not len(first):
            return np.zeros(0)
        sizes = np.diff(np.append(first, len(cells)))
        weights = _weights(place, first, sizes, sigma)
        reward = np.add.reduceat(weights * given.of(cells), first)
        macro = np.add.reduceat(weights * np.nan_to_num(value), first)
        last = cells.last[first + sizes - 1]
        following = np.where(last, 0.0, np.append(macro[1:], 0.0))
        found = backwards(reward + gamma * following - macro, np.where(last, 0.0, gamma * lam))
        return np.where(unknown, np.nan, np.repeat(found, sizes))

    notes = [STAND_IN] if critic == "leaf_value" else []
    missing = int(np.isnan(before[1:]).sum()) if critic == "column" else 0
    if missing:
        notes.append(
            f"{missing} of {len(tree) - 1} steps have no critic's value, nor do their traces"
        )
    return credit_by_cell(tree, values, (*given.notes, *notes))


def _weights(place: IntArray, first: IntArray, sizes: IntArray, sigma: str) -> FloatArray:
    """Return ``(C,)`` the weight of each step in its macro-action."""
    each = np.repeat(sizes, sizes)
    if sigma == "unit":
        return np.where(place == each - 1, 1.0, 0.0)
    if sigma == "equal":
        return np.asarray(1.0 / each)
    weights = 1.0 / (place + 1.0)
    total: FloatArray = np.repeat(np.add.reduceat(weights, first), sizes)
    return np.asarray(weights / total)
