"""A set of trees in a few numbers: values by depth, where first errors are, scores against outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.tree import FloatArray, IntArray

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST_BINS = 30
UNKNOWN, NONE = -1, 0


@dataclass(frozen=True, slots=True)
class Band:
    """The quantiles 10, 25, 50, 75 and 90 % of the ``n`` values from one depth to another."""

    first: int
    last: int
    n: int
    quantiles: tuple[float, ...]


def bands(depth: IntArray, values: FloatArray) -> list[Band]:
    """Return quantiles of values by depth, at most 30 bands of equal width; empty ones are left out."""
    known = np.isfinite(values) & (depth > 0)
    depth, values = depth[known], values[known]
    if not len(depth):
        return []
    width = -(-int(depth.max()) // MOST_BINS)
    place = (depth - 1) // width
    found = []
    for one in np.unique(place).tolist():
        inside = values[place == one]
        marks = tuple(float(q) for q in np.quantile(inside, QUANTILES))
        found.append(Band(one * width + 1, (one + 1) * width, len(inside), marks))
    return found


def first_errors(depth: IntArray, ends: IntArray, values: FloatArray, cut: float) -> IntArray:
    """Return per trace the depth of its first step with a value below ``cut``.

    Args:
        depth: ``(N,)`` in pre-order, 0 at the root.
        ends: ``(T,)`` where traces end.
        values: ``(N,)`` ratings or scores, NaN = unknown.
        cut: what is below it is an error.

    Returns:
        ``(T,)``: the depth; ``NONE`` (0) if every step is known and none is an error; ``UNKNOWN`` (-1)
        if a step that is not known comes before any error.
    """
    state = np.zeros(len(depth), np.int64)
    above = [0] * (int(depth.max(initial=0)) + 1)
    levels, numbers = depth.tolist(), values.tolist()
    for at in range(1, len(levels)):
        level = levels[at]
        before = above[level - 1] if level > 1 else NONE
        if before == NONE:
            value = numbers[at]
            before = UNKNOWN if value != value else level if value < cut else NONE
        above[level] = before
        state[at] = before
    return np.asarray(state[ends], np.int64)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Where first errors are.

    Attributes:
        bars: ``(first depth, last depth, traces)``.
        none: traces whose steps are all known and right.
        unknown: traces that are not known up to an error or the end; in no bar.
    """

    bars: tuple[tuple[int, int, int], ...]
    none: int
    unknown: int

    @property
    def n(self) -> int:
        """Traces that the shares are of."""
        return sum(count for _, _, count in self.bars) + self.none


def histogram(found: Sequence[IntArray], deepest: int) -> Histogram:
    """Count first errors by depth in at most 30 bars of equal width."""
    errors = np.concatenate([np.empty(0, np.int64), *found])
    width = max(1, -(-deepest // MOST_BINS))
    counts = np.bincount((errors[errors > 0] - 1) // width, minlength=-(-deepest // width))
    bars = tuple((n * width + 1, (n + 1) * width, count) for n, count in enumerate(counts.tolist()))
    return Histogram(bars, int((errors == NONE).sum()), int((errors == UNKNOWN).sum()))


def shares_right(depth: IntArray, ends: IntArray, outcomes: FloatArray, above: float) -> FloatArray:
    """Return ``(N,)`` the share of the traces through each node whose known outcome is above ``above``.

    NaN where no trace with a known outcome passes, and at the root.
    """
    known = np.isfinite(outcomes)
    n = len(depth)
    total = np.bincount(ends[known], minlength=n).astype(np.float64)
    good = np.bincount(ends[known], (outcomes[known] > above).astype(np.float64), minlength=n)
    stops = _subtree_ends(depth)
    sums = [np.concatenate([[0.0], np.cumsum(column)]) for column in (total, good)]
    through, right = (column[stops] - column[:-1] for column in sums)
    share = np.where(through > 0, right / np.maximum(through, 1), np.nan)
    share[0] = np.nan
    return np.asarray(share, np.float64)


def _subtree_ends(depth: IntArray) -> IntArray:
    ends = np.empty(len(depth), np.int64)
    open_at: list[int] = []
    for at, level in enumerate(depth.tolist()):
        while open_at and depth[open_at[-1]] >= level:
            ends[open_at.pop()] = at
        open_at.append(at)
    ends[open_at] = len(depth)
    return ends
