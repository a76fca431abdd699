"""One sequence per tree: every step's tokens once, in pre-order, each seeing only its ancestors.

A token's position is its depth in tokens along its own path. Token ``q`` may see token ``k`` when
``k <= q <= last[k]``, ``last[k]`` being the last token of the subtree that ``k``'s step roots; in
pre-order that is exactly "k is on q's path". Big trees are cut into rows: runs of steps that are
consecutive in pre-order, each row repeating the ancestors of its first step (every other parent is
in the row already). The cuts minimise a cost model, so no row length has to be guessed.

Numpy only, and iterative: a path of depth 20,000 costs what any other tree does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
# On CPU and GPU alike the attention product runs at a lower rate than the weight products;
# fitted to the 200-step tree of benchmarks/bench_packing.py.
ATTENTION_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class EncodedTree:
    """The tokens of a tree's steps, in pre-order; node 0 is the problem.

    Attributes:
        ids: ``(L,)`` int32 token ids of all nodes, one after another.
        starts: ``(N + 1,)`` first token of each node, and L.
        parent: ``(N,)`` positions, -1 at the root.
        subtree_end: ``(N,)`` one past the last position of each subtree.
    """

    ids: Int32
    starts: Ints
    parent: Ints
    subtree_end: Ints

    def __len__(self) -> int:
        """Count the nodes, root included."""
        return len(self.parent)

    @property
    def lengths(self) -> Ints:
        """``(N,)`` tokens per node, separator included."""
        return np.diff(self.starts)

    def path_tokens(self) -> Ints:
        """``(N,)`` tokens from the problem to the end of each node, itself included."""
        reached = np.zeros(len(self), dtype=np.int64)
        up, lengths = self.parent.tolist(), self.lengths.tolist()
        for node, (parent, length) in enumerate(zip(up, lengths, strict=True)):
            reached[node] = length if parent < 0 else reached[parent] + length
        return reached


@dataclass(frozen=True, slots=True)
class Row:
    """A part of a tree that goes through the model as one sequence of T tokens.

    Attributes:
        ids: ``(T,)`` token ids.
        position: ``(T,)`` depth in tokens.
        last: ``(T,)`` the last token of this row that may see the token.
        before: ``(T,)`` the token in front on the path, -1 for the first of the problem.
        first_own: first token of the steps this row answers for; those in front are repeated.
        nodes: ``(K,)`` positions of the steps this row answers for.
        node_starts: ``(K + 1,)`` their first tokens in the row, and T.
        parent_read: ``(K,)`` last token of each one's parent in the row, -1 for the problem.
        causal: True if the row is one path, so that the plain causal mask is the right one.
    """

    ids: Int32
    position: Ints
    last: Ints
    before: Ints
    first_own: int
    nodes: Ints
    node_starts: Ints
    parent_read: Ints
    causal: bool

    def __len__(self) -> int:
        """Count the tokens."""
        return len(self.ids)

    @property
    def read(self) -> Ints:
        """``(K,)`` where the score of each own step is read: its last token."""
        return self.node_starts[1:] - 1


@dataclass(frozen=True, slots=True)
class CostModel:
    """Forward cost of a row of T tokens: ``2·weights·T + 4·width·layers·ρ·T²`` operations.

    Attributes:
        weights: parameters outside the embedding.
        width: hidden size.
        layers: attention layers.
        density: ρ, cost of attention per score relative to a weight product of the same size.
    """

    weights: int
    width: int
    layers: int
    density: float = ATTENTION_WEIGHT

    def of(self, tokens: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the cost of rows of ``tokens`` tokens, elementwise."""
        return (
            2.0 * self.weights + 4.0 * self.width * self.layers * self.density * tokens
        ) * tokens


def subtree_ends(parent: Ints) -> Ints:
    """Return one past the last position of every subtree, for parents in pre-order."""
    ends = np.arange(1, len(parent) + 1, dtype=np.int64)
    for node in range(len(parent) - 1, 0, -1):
        up = parent[node]
        if ends[node] > ends[up]:
            ends[up] = ends[node]
    return ends


def join_tokens(
    per_node: Sequence[Int32], parent: Ints, subtree_end: Ints | None = None
) -> EncodedTree:
    """Put the tokens of N nodes, given in pre-order, into one ``EncodedTree``."""
    lengths = np.fromiter((len(ids) for ids in per_node), dtype=np.int64, count=len(per_node))
    return EncodedTree(
        ids=np.concatenate(per_node).astype(np.int32, copy=False),
        starts=np.concatenate(([0], np.cumsum(lengths))),
        parent=np.asarray(parent, dtype=np.int64),
        subtree_end=subtree_ends(parent) if subtree_end is None else subtree_end,
    )


def within_context(tree: EncodedTree, context: int) -> tuple[EncodedTree, Ints]:
    """Leave out the nodes whose path is longer than ``context`` tokens.

    Returns:
        The remaining tree (its node 0 is still the problem) and the positions that were kept;
        an empty array if not even the problem fits, and then the tree is returned as it was.
    """
    fits = tree.path_tokens() <= context
    kept = np.flatnonzero(fits).astype(np.int64)
    if len(kept) in (0, len(tree)):
        return tree, kept
    return subtree(tree, kept), kept


def subtree(tree: EncodedTree, kept: Ints) -> EncodedTree:
    """Return the nodes ``kept``, ascending and each with its parent, as a tree of their own."""
    parent = _slots(kept, tree.parent[kept])
    return join_tokens([tree.ids[tree.starts[n] : tree.starts[n + 1]] for n in kept], parent)


def cut(tree: EncodedTree, cost: CostModel, *, budget: int) -> list[tuple[int, int]]:
    """Choose rows: half-open runs of positions that together cover the tree once.

    Args:
        tree: the tree to cut.
        cost: what a row costs; the sum over rows is minimal among all such cuts.
        budget: most tokens that a row may answer for, the repeated ancestors not counted (a
            single step longer than this is a row of its own).

    Source: exact dynamic programme over the cut points, O(N · steps per budget).
    """
    n = len(tree)
    starts = tree.starts.astype(np.float64)
    above = tree.path_tokens() - tree.lengths  # (N,) tokens of the ancestors
    reach = np.searchsorted(tree.starts, tree.starts[:-1] + budget, side="right") - 1  # (N,)
    best = np.full(n + 1, np.inf)
    best[0] = 0.0
    came_from = np.zeros(n + 1, dtype=np.int64)
    for first in range(n):
        stop = max(int(reach[first]), first + 1)
        ends = slice(first + 1, stop + 1)
        total = best[first] + cost.of(above[first] + starts[ends] - starts[first])
        better = total < best[ends]
        best[ends] = np.where(better, total, best[ends])
        came_from[ends] = np.where(better, first, came_from[ends])
    runs = []
    end = n
    while end > 0:
        runs.append((int(came_from[end]), end))
        end = int(came_from[end])
    return runs[::-1]


def row(tree: EncodedTree, first: int, stop: int) -> Row:
    """Lay out the steps ``first … stop`` with the ancestors of ``first`` in front."""
    line = _ancestors(tree.parent, first)
    members = np.concatenate((line, np.arange(first, stop, dtype=np.int64)))
    lengths = tree.lengths[members]
    offsets = np.concatenate(([0], np.cumsum(lengths)))  # (M + 1,)
    repeated = int(offsets[len(line)])
    # Within the row a subtree ends where its last member does.
    ends = np.minimum(tree.subtree_end[members], stop)
    last_of_node = repeated + tree.starts[np.maximum(ends, first)] - tree.starts[first] - 1
    slot = _slots(members, tree.parent[members])
    depth = np.zeros(len(members), dtype=np.int64)
    for index, up in enumerate(slot.tolist()):
        if up >= 0:
            depth[index] = depth[up] + lengths[up]
    owner = np.repeat(np.arange(len(members)), lengths)  # (T,)
    inside = np.arange(offsets[-1]) - offsets[owner]  # (T,)
    parent_read = np.where(slot >= 0, offsets[slot + 1] - 1, -1)  # (M,)
    return Row(
        ids=np.concatenate([tree.ids[tree.starts[m] : tree.starts[m + 1]] for m in members]),
        position=depth[owner] + inside,
        last=last_of_node[owner],
        before=np.where(inside == 0, parent_read[owner], np.arange(offsets[-1]) - 1),
        first_own=repeated,
        nodes=np.arange(first, stop, dtype=np.int64),
        node_starts=offsets[len(line) :],
        parent_read=parent_read[len(line) :],
        causal=bool(np.all(slot == np.arange(-1, len(members) - 1))),
    )


def rows(tree: EncodedTree, cost: CostModel, *, budget: int) -> list[Row]:
    """Cut the tree and lay out every row."""
    return [row(tree, first, stop) for first, stop in cut(tree, cost, budget=budget)]


def path_row(tree: EncodedTree, node: int) -> Row:
    """Lay out the one path from the problem to ``node``, answering for all of it."""
    line = np.append(_ancestors(tree.parent, node), node)
    parent = np.arange(-1, len(line) - 1, dtype=np.int64)
    path = join_tokens([tree.ids[tree.starts[m] : tree.starts[m + 1]] for m in line], parent)
    laid = row(path, 0, len(line))
    return Row(
        **{
            **{name: getattr(laid, name) for name in Row.__slots__},
            "nodes": line,
        }
    )


def visible(last: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return the ``(T, T)`` mask of a row as the rule says it: rows are queries."""
    index = np.arange(len(last))
    return (index[None, :] <= index[:, None]) & (index[:, None] <= last[None, :])


def _ancestors(parent: Ints, node: int) -> Ints:
    line = []
    up = int(parent[node])
    while up >= 0:
        line.append(up)
        up = int(parent[up])
    return np.array(line[::-1], dtype=np.int64)


def _slots(members: Ints, parents: Ints) -> Ints:
    """Translate parent positions into indexes of ``members``, which are ascending."""
    return np.where(parents < 0, -1, np.searchsorted(members, parents)).astype(np.int64)
