"""From each step to the end of its trace: minima, and what lies ahead; no loop over steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scoring.credit.cells import Cells
    from scoring.credit.columns import BoolArray
    from scoring.tree import FloatArray, IntArray


def ranks(values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return ``(N,)`` the places of ``values`` in their sorted order, NaN last, and that order."""
    order = np.argsort(values, kind="stable")
    places = np.empty(len(values), np.int64)
    places[order] = np.arange(len(values))
    return places, values[order]


def suffix_minima(cells: Cells, places: IntArray, ordered: FloatArray) -> FloatArray:
    """Return ``(C,)`` the smallest value from each step to its trace's end, NaN if there is none.

    ``places`` and ``ordered`` come from ``ranks`` of a column by node. An earlier trace's keys are
    all smaller than a later one's, so one running minimum from the end starts anew at every trace.
    """
    n = len(ordered)
    keys = places[cells.node] + cells.row * n
    smallest = np.minimum.accumulate(keys[::-1])[::-1]
    return np.asarray(ordered[smallest - cells.row * n])


def unknown_ahead(cells: Cells, unknown: BoolArray) -> BoolArray:
    """Return ``(C,)`` whether a step or one after it on its trace is ``unknown`` ``(C,)`` bool."""
    return np.asarray(cells.suffix_sums(unknown.astype(np.float64)) > 0.5)


def next_marked(cells: Cells, marked: BoolArray) -> IntArray:
    """Return ``(C,)`` the cell of the next marked step on the trace, the step included, else −1."""
    count = len(cells)
    places = np.where(marked, np.arange(count), count)
    found = np.minimum.accumulate(places[::-1])[::-1]
    return np.where(found < cells.first[1:][cells.row], found, -1)
