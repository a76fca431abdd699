"""A problem's steps as one rooted tree of numpy columns, and the traces that run through it.

Everything is a column over pre-order positions: position 0 is the problem, a subtree is the half
open range ``position … subtree_end[position]``, so sums over subtrees need no recursion and a path
of depth 20,000 costs what any other does. Two ways in: ``Tree.from_records`` for dictionaries in
any order, ``Tree.from_columns`` for columns that already are in pre-order (no loop over nodes).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from scoring.errors import TreeError
from scoring.tree_records import NUMBER_KEYS, WORD_KEYS, columns_from_records
from scoring.tree_shape import all_ways_down, depths, parents, subtree_ends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
ObjectArray: TypeAlias = npt.NDArray[np.object_]
NodeId: TypeAlias = int | str


@dataclass(frozen=True, eq=False)
class Tree:
    """N nodes in pre-order, siblings in record order, and T traces that end at some of them.

    Attributes:
        ids: ``(N,)`` object, what the caller calls the nodes; the root is position 0.
        parent: ``(N,)`` int64 positions, -1 at the root.
        depth: ``(N,)`` int64, 0 at the root.
        subtree_end: ``(N,)`` int64, one past the last position of the node's subtree.
        ends: ``(T,)`` int64, the position where each trace ends; merged duplicates repeat it.
        outcomes: ``(T,)`` float64, each trace's primary outcome, NaN = unknown.
        text: ``(N,)`` object, the steps' texts (the root's is never tokenised).
        score, n_tokens, visits, value: ``(N,)`` float64, NaN = missing; an infinite score is none.
        state: ``(N,)`` object, the environment's state *before* the step, None = unknown.
        level, agent: ``(N,)`` object, "" = none.
        extra: every other key of the records as an ``(N,)`` object column, None = missing.
        given: names of the optional columns the source had at all, so that "this source has no
            outcomes" can be told from "these outcomes are unknown".
    """

    ids: ObjectArray
    parent: IntArray
    depth: IntArray
    subtree_end: IntArray
    ends: IntArray
    outcomes: FloatArray
    text: ObjectArray
    score: FloatArray
    n_tokens: FloatArray
    visits: FloatArray
    value: FloatArray
    state: ObjectArray
    level: ObjectArray
    agent: ObjectArray
    extra: Mapping[str, ObjectArray] = field(default_factory=dict)
    given: frozenset[str] = frozenset()

    @classmethod
    def from_records(cls, records: Sequence[Mapping[str, Any]]) -> Tree:
        """Build the tree of ``records``, which may come in any order.

        Args:
            records: one mapping per node with ``id`` (str or int), ``parent`` (None at the root)
                and ``text``; optionally ``outcome``, ``score``, ``state``, ``level``, ``agent``,
                ``n_tokens``, ``visits``, ``value``. Other keys become columns of ``extra``.
                ``outcome`` is a number, a bool, None (unknown) or a list with one entry per trace
                that ends at the node, inner nodes included. A leaf without one is the end of one
                trace of unknown outcome; an empty list says that no trace ends there.

        Raises:
            TreeError: for no records, a missing or repeated id, two roots, an unknown parent, a
                cycle, or a value of the wrong kind; the message names the record.
        """
        return cls.from_columns(**columns_from_records(records))

    @classmethod
    def from_columns(
        cls,
        *,
        ids: Sequence[NodeId] | npt.NDArray[Any],
        parent: npt.ArrayLike | None = None,
        depth: npt.ArrayLike | None = None,
        ends: npt.ArrayLike | None = None,
        outcomes: npt.ArrayLike | None = None,
        extra: Mapping[str, Sequence[Any] | npt.NDArray[Any]] | None = None,
        **columns: Any,
    ) -> Tree:
        """Build the tree from columns in pre-order; position 0 is the problem itself.

        Args:
            ids: N ids.
            parent: parent positions (-1 at the root); or else
            depth: depths. In pre-order either fixes the other and every subtree's end.
            ends: position where each of T traces ends, in the caller's order; None = the source
                has no traces, and then no outcomes either.
            outcomes: T numbers, NaN = unknown; None = all unknown.
            extra: further columns.
            **columns: any of ``text score n_tokens visits value state level agent``.

        Raises:
            TreeError: if the columns differ in length or are not one tree in pre-order.
        """
        names = _objects("ids", ids, len(ids))
        n = len(names)
        _check_ids(names)
        up, down = _shape(n, parent, depth)
        stops, results = _traces(n, ends, outcomes)
        unknown = set(columns) - {"text", "state", *NUMBER_KEYS, *WORD_KEYS}
        if unknown:
            raise TreeError(f"no column called {', '.join(sorted(unknown))}; put it into extra")
        present = {name for name, column in columns.items() if column is not None}
        floats = {name: _floats(name, columns.get(name), n) for name in NUMBER_KEYS}
        words = {name: _objects(name, columns.get(name), n, "") for name in ("text", *WORD_KEYS)}
        more = {name: _objects(name, column, n) for name, column in (extra or {}).items()}
        return cls(
            ids=names,
            parent=up,
            depth=down,
            subtree_end=subtree_ends(down),
            ends=stops,
            outcomes=results,
            state=_objects("state", columns.get("state"), n),
            extra=more,
            given=frozenset(
                (present - {"text"}) | set(more) | ({"outcome"} if outcomes is not None else set())
            ),
            text=words["text"],
            level=words["level"],
            agent=words["agent"],
            score=floats["score"],
            n_tokens=floats["n_tokens"],
            visits=floats["visits"],
            value=floats["value"],
        )

    def __len__(self) -> int:
        """Count the nodes, root included."""
        return len(self.ids)

    @cached_property
    def leaves(self) -> IntArray:
        """Positions of the steps without children, in pre-order; never the root (not a step)."""
        alone = self.subtree_end == np.arange(1, len(self) + 1)
        alone[0] = False
        return np.flatnonzero(alone).astype(np.int64)

    @cached_property
    def _by_depth(self) -> IntArray:
        """Sorted keys ``depth · N + position``: the last node of a depth before a position."""
        return np.sort(self.depth * len(self) + np.arange(len(self)))

    def paths_of(self, ends: npt.ArrayLike) -> tuple[IntArray, IntArray]:
        """Return the positions on the ways down to K nodes, one way after another, and K lengths."""
        n = len(self)
        stops = np.asarray(ends, np.int64).reshape(-1)
        lengths = self.depth[stops]
        if lengths.sum() > n:  # a look at every node is the cheaper way
            return all_ways_down(self.depth, self.subtree_end, stops), lengths
        ended = np.repeat(np.cumsum(lengths), lengths)
        levels = np.arange(1, len(ended) + 1) - ended + np.repeat(lengths, lengths)
        wanted = levels * n + np.repeat(stops, lengths)
        at = np.searchsorted(self._by_depth, wanted, side="right") - 1
        return np.asarray(self._by_depth[at] % n), lengths

    def path(self, end: int) -> IntArray:
        """Return the positions from the root's child down to ``end``; empty for the root."""
        return self.paths_of([end])[0]

    def paths(self) -> list[IntArray]:
        """Return every trace's positions, root excluded, in the order of ``ends``."""
        nodes, lengths = self.paths_of(self.ends)
        return np.split(nodes, np.cumsum(lengths)[:-1]) if len(lengths) else []

    def children(self, position: int) -> IntArray:
        """Return the positions of a node's children, in sibling order."""
        below = self.parent[position + 1 : self.subtree_end[position]]
        return np.flatnonzero(below == position) + position + 1


def _shape(
    n: int, parent: npt.ArrayLike | None, depth: npt.ArrayLike | None
) -> tuple[IntArray, IntArray]:
    """Return ``(parent, depth)`` after checking that they are one tree in pre-order."""
    if (parent is None) == (depth is None):
        raise TreeError("give either the parent column or the depth column")
    if depth is not None:
        down = _positions("depth", depth, n)
        if down[0] != 0 or (n > 1 and (down[1:].min() < 1 or np.diff(down).max() > 1)):
            raise TreeError(
                "depths are not one tree in pre-order: 0 at the root only, at most one more than the row before"
            )
        return parents(down), down
    up = _positions("parent", parent, n)
    if up[0] != -1 or np.any(up[1:] < 0) or np.any(up >= np.arange(n)):
        raise TreeError(
            "parents are not in pre-order: -1 at row 0 only, each parent before its child"
        )
    down = depths(up)
    if not np.array_equal(parents(down), up):
        raise TreeError("rows are not in pre-order: a subtree is interrupted by another branch")
    return up, down


def _traces(
    n: int, ends: npt.ArrayLike | None, outcomes: npt.ArrayLike | None
) -> tuple[IntArray, FloatArray]:
    if ends is None:
        if outcomes is not None:
            raise TreeError("outcomes belong to traces: give the ends column with them")
        return np.empty(0, np.int64), np.empty(0)
    stops = np.asarray(ends, np.int64).reshape(-1)
    if len(stops) and (stops.min() < 0 or stops.max() >= n):
        raise TreeError(f"a trace ends outside the tree; positions run from 0 to {n - 1}")
    results = _floats("outcomes", outcomes, len(stops))
    return stops, results


def _positions(name: str, column: npt.ArrayLike | None, n: int) -> IntArray:
    array = np.asarray(column)
    if array.shape != (n,) or not np.issubdtype(array.dtype, np.integer):
        raise TreeError(f"column {name} must hold {n} whole numbers")
    return array.astype(np.int64)


def _floats(name: str, column: npt.ArrayLike | None, n: int) -> FloatArray:
    if column is None:
        return np.full(n, np.nan)
    try:
        array = np.array(column, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise TreeError(f"column {name} must hold numbers") from None
    if array.shape != (n,):
        raise TreeError(f"column {name} has shape {array.shape}, expected ({n},)")
    if name == "score":  # a model's overflow says nothing: missing, which methods count in a note
        return np.where(np.isinf(array), np.nan, array)
    if np.isinf(array).any():
        raise TreeError(f"column {name} holds an infinite number at row {np.isinf(array).argmax()}")
    return array


def _objects(
    name: str, column: Sequence[Any] | npt.NDArray[Any] | None, n: int, missing: str | None = None
) -> ObjectArray:
    if column is None:
        return np.full(n, missing, dtype=object)
    if len(column) != n:
        raise TreeError(f"column {name} has {len(column)} rows, expected {n}")
    # tolist() turns numpy numbers into Python ones, fit for dictionary keys and JSON; fromiter keeps
    # a cell that is a list as one object
    cells = column.tolist() if isinstance(column, np.ndarray) else column
    return np.fromiter(cells, dtype=object, count=n)


def _check_ids(ids: ObjectArray) -> None:
    if not len(ids):
        raise TreeError("no records: a tree has at least the problem itself")
    if len(set(ids.tolist())) != len(ids):
        raise TreeError("an id occurs twice")
