"""Numbers by step *and* trace: one cell for every step on every trace, in blocks.

A deep tree has far more cells than nodes, so they are made a few million at a time; what is kept is
the sum over the traces through each node, and the cells of one trace when somebody looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit, TraceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from scoring.tree import FloatArray, IntArray, Tree

BLOCK = 4_000_000  # cells at a time: 32 MB a column


@dataclass(frozen=True, eq=False)
class Cells:
    """The steps of K traces, one trace after another, each from the root's child to its end.

    Attributes:
        traces: ``(K,)`` indices of the traces in the order of ``tree.ends``.
        first: ``(K + 1,)`` where each trace's cells begin, and where the last one's end.
        node: ``(C,)`` position of each cell's step.
    """

    traces: IntArray
    first: IntArray
    node: IntArray

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.node)

    @cached_property
    def lengths(self) -> IntArray:
        """``(K,)`` steps of each trace; 0 for one that ends at the problem itself."""
        return np.diff(self.first)

    @cached_property
    def row(self) -> IntArray:
        """``(C,)`` which of the K traces each cell belongs to."""
        return np.repeat(np.arange(len(self.traces)), self.lengths)

    @cached_property
    def step(self) -> IntArray:
        """``(C,)`` number of the step within its trace, from 0."""
        return np.arange(len(self.node)) - self.first[self.row]

    @cached_property
    def last(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """``(C,)`` whether a cell is the last step of its trace."""
        found = np.zeros(len(self.node), np.bool_)
        found[self.first[1:][self.lengths > 0] - 1] = True
        return found

    @cached_property
    def trace(self) -> IntArray:
        """``(C,)`` index of each cell's trace in the order of ``tree.ends``."""
        return self.traces[self.row]

    def reduce(self, ufunc: np.ufunc, values: FloatArray) -> FloatArray:
        """Reduce ``values`` ``(C,)`` by trace: ``(K,)``, NaN for a trace without steps."""
        found = np.full(len(self.traces), np.nan)
        full = self.lengths > 0
        if full.any():
            found[full] = ufunc.reduceat(values, self.first[:-1][full])
        return found

    def suffix_sums(self, values: FloatArray) -> FloatArray:
        """Sum ``values`` ``(C,)`` from each step to the end of its trace."""
        total = np.cumsum(values[::-1])[::-1]
        after = np.append(total, 0.0)[self.first[1:]]
        return np.asarray(total - after[self.row])


def cells_of(tree: Tree, traces: npt.ArrayLike) -> Cells:
    """Return the cells of some traces, given by their indices."""
    chosen = np.asarray(traces, np.int64)
    nodes, lengths = tree.paths_of(tree.ends[chosen])
    return Cells(chosen, np.concatenate([[0], np.cumsum(lengths)]), nodes)


def blocks(tree: Tree, *, size: int = BLOCK) -> Iterator[Cells]:
    """Yield the cells of all traces, about ``size`` at a time and at least one trace."""
    count = len(tree.ends)
    if not count:
        return
    block = np.cumsum(tree.depth[tree.ends]) // max(1, size)
    edges = np.flatnonzero(np.diff(block, prepend=-1))
    for first, stop in zip(edges, [*edges[1:], count], strict=True):
        yield cells_of(tree, np.arange(first, stop))


class Passes:
    """The blocks of all traces, to be gone through several times; a single one is made once."""

    def __init__(self, tree: Tree, *, size: int = BLOCK) -> None:
        self._tree = tree
        self._size = size
        self._one = tree.depth[tree.ends].sum() <= size
        self._kept: list[Cells] | None = None

    def __iter__(self) -> Iterator[Cells]:
        """Yield the blocks."""
        if not self._one:
            return blocks(self._tree, size=self._size)
        if self._kept is None:
            self._kept = list(blocks(self._tree, size=self._size))
        return iter(self._kept)


def credit_by_cell(
    tree: Tree,
    values: Callable[[Cells], FloatArray],
    notes: tuple[str, ...] = (),
    passes: Passes | None = None,
) -> Credit:
    """Return the credit of a method that gives a step a number of its own on each trace.

    Args:
        tree: N nodes, T traces.
        values: maps cells to ``(C,)`` numbers, NaN = no value; each trace's must not depend on
            which other traces are in the block.
        notes: what the legend must say.
        passes: the blocks, if the caller has gone through them before.

    Returns:
        By node the mean over the traces through it that have a number; by trace the numbers
        themselves (their mean where several traces end at the same node).
    """
    n = len(tree)
    sums, counts = np.zeros(n), np.zeros(n)
    for block in passes or Passes(tree):
        found = values(block)
        known = np.isfinite(found)
        sums += np.bincount(block.node[known], found[known], minlength=n)
        counts += np.bincount(block.node[known], minlength=n)
    per_node = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)

    def of_end(end: int, path: IntArray) -> FloatArray:
        traces = np.flatnonzero(tree.ends == end)
        found = values(cells_of(tree, traces)).reshape(len(traces), len(path))
        known = np.isfinite(found)
        total = np.where(known, found, 0.0).sum(axis=0)
        count = known.sum(axis=0)
        mean: FloatArray = np.divide(total, count, out=np.full(len(path), np.nan), where=count > 0)
        return mean

    return Credit(per_node, TraceTable(tree, of_end), notes)
