"""Numbers by trace that methods of several families compare: solved, standardised, left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import blocks
from scoring.credit.moments import moments_of
from scoring.types import SOLVED_ABOVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree


def solved(tree: Tree) -> FloatArray:
    """Return ``(T,)`` 1 for an outcome above one half, 0 for another, NaN for an unknown one."""
    return np.where(np.isfinite(tree.outcomes), tree.outcomes > SOLVED_ABOVE, np.nan)


def by_trace(tree: Tree, values: Callable[[Cells], FloatArray]) -> FloatArray:
    """Return ``(T,)`` what ``values`` makes of the cells, ``(K,)`` numbers for K traces."""
    parts = [values(block) for block in blocks(tree)]
    return np.concatenate(parts) if parts else np.empty(0)


def centre(values: FloatArray) -> FloatArray:
    """Subtract the mean of the finite ``values``; exactly 0 where all are equal."""
    known = values[np.isfinite(values)]
    if not len(known):
        return values
    mean = known[0] if known.min() == known.max() else known.mean()
    return np.asarray(values - mean)


def standardise(values: FloatArray, *, ddof: int, eps: float, single: str) -> FloatArray:
    """Return ``(values − mean) / (std + eps)`` over the finite values; 0 where all are equal.

    One value alone is kept as it is with ``single="unit"`` and becomes 0 with "zero".
    """
    keys = np.zeros(len(values), np.int64)
    found = moments_of(keys, values, 1, ddof=ddof)
    if found.count[0] == 1 and single == "unit":
        return values / (1.0 + eps)
    return found.scores(keys, values, eps=eps)


def others_mean(values: FloatArray) -> FloatArray:
    """Return ``(T,)`` the mean of the *other* finite values, NaN if there is none."""
    known = np.isfinite(values)
    count = int(known.sum())
    if count < 2:
        return np.full(len(values), np.nan)
    return np.where(known, (values[known].sum() - values) / (count - 1), np.nan)
