"""InT: the first wrong step of a trace, and the step that replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import column, missing_traces, numbers, wrong
from scoring.credit.steps import Steps

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, IntArray, Tree

UNJUDGED, NONE_FOUND = -2, -1
WANTED = "the id of a step on the trace, or false for none"
LATER = "steps after a first error or an intervention have no value"


def credit(tree: Tree) -> Credit:
    """Return −1 at a trace's first wrong step, +1 at an intervention, 0 before; nothing after.

    Args:
        tree: its column ``first_error`` stands at traces' ends: the id of the first wrong step,
            false if there is none (0 everywhere), None if nobody looked (no value). The column
            ``intervention``, if there is one, is true at the step that replaces a wrong one.

    Returns:
        −1, 0 and +1, signed, by step and trace.

    Source: a display of arXiv 2601.14209, which trains on the prefix and the intervention and drops
    the rest; it has no formula of a credit.
    """
    error = _first_errors(tree)
    put_right = numbers(tree, "intervention") > 0
    marked = np.zeros(len(tree), np.int64)  # whether there is an intervention at or above the node
    marked[put_right] = 1
    change = np.zeros(len(tree) + 1, np.int64)
    np.add.at(change, np.flatnonzero(put_right), 1)
    np.subtract.at(change, tree.subtree_end[put_right], 1)
    above = np.cumsum(change)[:-1]
    judged = error != UNJUDGED
    looked = judged[tree.ends] | (above[tree.ends] > 0)
    notes = missing_traces(looked, "first error looked for, and no intervention")
    if (error >= 0).any() or put_right.any():
        notes += (LATER,)

    def values(cells: Cells) -> FloatArray:
        at, end = cells.node, tree.ends[cells.trace]
        first = error[end]
        after = (above[at] - marked[at] > 0) | ((first >= 0) & (at > first))
        found = np.where(put_right[at], 1.0, 0.0)
        found = np.where(at == first, -1.0, found)
        return np.where(after | ~looked[cells.trace], np.nan, found)

    return credit_by_cell(tree, values, notes)


def _first_errors(tree: Tree) -> IntArray:
    """Return ``(N,)`` for each node that a trace ends at the position of its first wrong step."""
    cells = column(tree, "first_error")
    found = np.full(len(tree), UNJUDGED, np.int64)
    steps = Steps(tree)
    for end in np.unique(tree.ends).tolist():
        if cells[end] is None:
            continue
        if cells[end] is False:
            found[end] = NONE_FOUND
            continue
        at = steps.on(end, cells[end])
        if at is None:
            raise wrong(tree, "first_error", end, WANTED)
        found[end] = at
    return found
