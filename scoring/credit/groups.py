"""Group statistics over the traces of one problem, and sums over subtrees.

Shared by the methods, which do not know one another. Every statistic runs over *traces with a
known outcome*: duplicates count as often as they were sampled, an unknown outcome never counts as
0, and a trace may end at an inner node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import NO_SIGNAL, Credit, TraceTable

if TYPE_CHECKING:
    from scoring.tree import FloatArray, IntArray, Tree

SILENT = "no signal: "


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """Mean and spread of the known outcomes.

    Attributes:
        known: ``(T,)`` bool, which traces count.
        mean: what outcomes are compared with; 0 for a group of one that is kept as it is.
        std: standard deviation; 1 for such a group; 0 means "no signal".
        notes: what the legend must say about the group.
    """

    known: np.ndarray[tuple[int], np.dtype[np.bool_]]
    mean: float
    std: float
    notes: tuple[str, ...]

    @property
    def flat(self) -> bool:
        """True if the outcomes do not differ, so that nothing can be told apart."""
        return self.std == 0.0


def group(tree: Tree, *, ddof: int = 1, single: str = "unit") -> Group:
    """Return the statistics of the traces of ``tree``.

    Args:
        tree: T traces, K of them with a known outcome.
        ddof: 1 = sample, 0 = population standard deviation.
        single: for K = 1, "unit" = mean 0 and deviation 1 (the outcome is kept), "zero" = its own
            mean and deviation 0.
    """
    known = np.isfinite(tree.outcomes)
    outcomes = tree.outcomes[known]
    count = len(outcomes)
    notes = []
    if count < len(known):
        notes.append(f"{len(known) - count} of {len(known)} traces have no known outcome")
    if count == 1 and single == "unit":
        notes.append("a group of one: its outcome is kept as it is")
        return Group(known, 0.0, 1.0, tuple(notes))
    if count == 1:
        notes.append(f"{SILENT}a group of one has nothing to be compared with")
    # compared before subtracting: rounding in the mean must not pass for a difference
    elif count and outcomes.min() == outcomes.max():
        notes.append(NO_SIGNAL)
    elif count:
        return Group(known, float(outcomes.mean()), float(outcomes.std(ddof=ddof)), tuple(notes))
    mean = float(outcomes[0]) if count else np.nan
    return Group(known, mean, 0.0, tuple(notes))


def notes_with_rest(notes: tuple[str, ...], rest: str) -> tuple[str, ...]:
    """Return ``notes`` for numbers that are not all 0, though the traces are not told apart.

    "No signal" would be said of all numbers; in its place stands that they are left from ``rest``.
    """
    return tuple(
        f"{note.removeprefix(SILENT)}: what is left is from {rest}"
        if note.startswith(SILENT)
        else note
        for note in notes
    )


def below(tree: Tree, values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Sum ``values`` ``(T,)`` over the traces that pass through each node.

    Traces with a NaN value do not count. The sums run over each node's own range, not as
    differences of one running total, so that large values elsewhere in the tree cost no digits.

    Returns:
        Sums ``(N,)`` and the number of traces in each ``(N,)``.
    """
    n = len(tree)
    order = np.argsort(tree.ends, kind="stable")
    order = order[np.isfinite(values[order])]
    ends = tree.ends[order]
    first = np.searchsorted(ends, np.arange(n))
    stop = np.searchsorted(ends, tree.subtree_end)
    counts = stop - first
    padded = np.append(values[order], 0.0)  # so that an empty range at the end has an index
    edges = np.column_stack([first, stop]).ravel()  # (2N,)
    sums = np.add.reduceat(padded, edges)[::2]
    return np.where(counts > 0, sums, 0.0), counts.astype(np.int64)


def through(tree: Tree, values: FloatArray) -> FloatArray:
    """Return ``(N,)`` means of ``values`` ``(T,)`` over the traces through each node, or NaN."""
    sums, counts = below(tree, values)
    means: FloatArray = np.divide(sums, counts, out=np.full(len(tree), np.nan), where=counts > 0)
    return means


def leaf_values(tree: Tree) -> FloatArray:
    """Return ``(N,)`` mean outcomes of the traces through each node, the root included."""
    return through(tree, tree.outcomes)


def spread(tree: Tree, advantage: FloatArray, notes: tuple[str, ...] = ()) -> Credit:
    """Give every step of a trace the trace's ``advantage`` ``(T,)``, NaN = no value."""
    at_end = at_ends(tree, advantage)
    table = TraceTable(tree, lambda end, path: np.full(len(path), at_end[end]))
    return Credit(through(tree, advantage), table, notes)


def spread_with_steps(
    tree: Tree, advantage: FloatArray, steps: FloatArray, notes: tuple[str, ...] = ()
) -> Credit:
    """Like ``spread``, plus a term ``steps`` ``(N,)`` of the step itself on every trace."""
    at_end = at_ends(tree, advantage)
    table = TraceTable(tree, lambda end, path: at_end[end] + steps[path])
    return Credit(through(tree, advantage) + steps, table, notes)


def at_ends(tree: Tree, values: FloatArray) -> FloatArray:
    """Return ``(N,)`` means over the traces that end *at* each node, NaN where there is none."""
    known = np.isfinite(values)
    sums = np.bincount(tree.ends[known], values[known], minlength=len(tree))
    counts = np.bincount(tree.ends[known], minlength=len(tree))
    means: FloatArray = np.divide(sums, counts, out=np.full(len(tree), np.nan), where=counts > 0)
    return means
