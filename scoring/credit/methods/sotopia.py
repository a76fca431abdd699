"""Sotopia-RL: an episode's score shared out over its utterances by a judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import missing_steps, missing_traces, numbers

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree


def credit(tree: Tree, *, form: str, scale: int, discount: float) -> Credit:
    """Return each step's share of the trace's outcome.

    "direct": ``attribution / scale · outcome``, and −1 for an attribution of −1 whatever the
    outcome, as in the code. "normalised": ``attribution / Σ attributions · outcome`` over the
    trace's attributed steps, 0 where they add up to 0. "discount", the baseline without a judge:
    ``discount^(steps that follow) · outcome``.

    Args:
        tree: its column ``attribution`` holds the judge's number for each step.
        form: see above.
        scale: the highest attribution the judge may give.
        discount: per step, for "discount".

    Returns:
        Outcome units, signed, by step and trace.

    Source: arXiv 2508.03905 (sotopia-lab/sotopia-rl, ``prompter``), one dimension at a time.
    """
    share = numbers(tree, "attribution")
    notes = missing_traces(np.isfinite(tree.outcomes), "known outcome")
    if form != "discount":
        notes += missing_steps(share, "attribution")

    def values(cells: Cells) -> FloatArray:
        outcome, own = tree.outcomes[cells.trace], share[cells.node]
        if form == "discount":
            follow = cells.lengths[cells.row] - 1 - cells.step
            return np.asarray(discount ** follow.astype(np.float64) * outcome)
        if form == "direct":
            found = np.where(own == -1, -1.0, own / scale * outcome)
            return np.where(np.isnan(outcome), np.nan, found)
        total = cells.reduce(np.add, np.nan_to_num(own))[cells.row]
        part = np.divide(own, total, out=np.zeros(len(own)), where=total != 0)
        return np.where(np.isnan(own), np.nan, part * outcome)

    return credit_by_cell(tree, values, notes)
