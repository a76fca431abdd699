"""R3L: amplified outcomes, with no credit for what a retry kept from its original."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import column
from scoring.credit.groups import group, notes_with_rest
from scoring.credit.recurrences import common_depth

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, IntArray, Tree

PERFECT = 1.0
ALPHA = 3.0


def credit(tree: Tree) -> Credit:
    """Return ``s_i`` of each trace, 0 on the steps before its pair branches.

    With ``s = r − mean(r)``: 1 for a trace with ``r ≥ 1``, ``3 s`` for another with ``s ≥ 0``, else
    ``s``. Original and retry get 0 on the steps they share. A trace in several pairs keeps its credit
    from the first branching on.

    Returns:
        Outcome units, signed. A perfect trace has 1 even where the whole group is perfect; a trace
        alone is compared with 0, as in the code.

    Source: arXiv 2601.03715, shiweijiezero/R3L at d503f6c.
    """
    stats = group(tree)
    plain = tree.outcomes - stats.mean if not stats.flat else tree.outcomes * 0.0
    scaled = np.where(plain >= 0, ALPHA * plain, plain)
    scaled = np.where(tree.outcomes >= PERFECT, PERFECT, scaled)
    shared, lost = _shared_steps(tree)

    def values(cells: Cells) -> FloatArray:
        return scaled[cells.trace] * (cells.step >= shared[cells.trace])

    notes = stats.notes
    if (scaled == PERFECT).any():
        notes = notes_with_rest(notes, "the 1 of a perfect trace")
    more = (f"retries whose original is no trace here: {lost}",) if lost else ()
    return credit_by_cell(tree, values, (*notes, *more))


def _shared_steps(tree: Tree) -> tuple[IntArray, int]:
    """Return ``(T,)`` how many first steps each trace shares with its pair, and retries without one."""
    ends = tree.ends
    originals = column(tree, "retry_of")[ends].tolist()
    unique = np.unique(ends)
    where = dict(zip(tree.ids[unique].tolist(), unique.tolist(), strict=True))
    named = np.array([name is not None for name in originals], np.bool_)
    first = np.array(
        [
            where.get(name, -1)
            if isinstance(name, int | str) and not isinstance(name, bool)
            else -1
            for name in originals
        ],
        np.int64,
    )
    pair = named & (first >= 0)
    retry, original = ends[pair], first[pair]
    depth = common_depth(tree, retry, original)
    shared = np.full(len(tree), len(tree))
    np.minimum.at(shared, retry, depth)
    np.minimum.at(shared, original, depth)
    shared = np.where(shared == len(tree), 0, shared)
    return shared[ends], int((named & (first < 0)).sum())
