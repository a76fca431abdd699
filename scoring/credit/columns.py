"""Columns of the records that methods read by name: as numbers, lists or codes.

A cell is any Python object, None = missing. Numbers that are not finite are missing too; methods
count what is missing in their notes, and never read it as 0. A cell of another kind is refused by
column and node. A column that the tree lacks is all missing: ``assign`` has asked for those that a
method needs, and a tree of the problem alone needs none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scoring.errors import ColumnError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.tree import FloatArray, IntArray, ObjectArray, Tree

BoolArray = npt.NDArray[np.bool_]
_NUMBERS = (int, float, np.number, np.bool_)  # bool is an int
_LISTS = {list, tuple, np.ndarray}
_OWN = ("score", "n_tokens", "visits", "value", "state", "level", "agent")


@dataclass(frozen=True, eq=False)
class Lists:
    """A list of numbers for each of N nodes, one behind another.

    Attributes:
        values: ``(M,)`` the numbers, NaN = missing.
        first: ``(N + 1,)`` where each node's list begins, and where the last one's ends.
    """

    values: FloatArray
    first: IntArray

    @cached_property
    def lengths(self) -> IntArray:
        """``(N,)`` numbers of each node; 0 where the cell is missing or empty."""
        return np.diff(self.first)

    @cached_property
    def owner(self) -> IntArray:
        """``(M,)`` position of the node that each number belongs to."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def place(self) -> IntArray:
        """``(M,)`` place of each number in its list, from 0."""
        return np.arange(len(self.values)) - self.first[self.owner]

    def reduce(self, ufunc: np.ufunc, values: FloatArray | None = None) -> FloatArray:
        """Reduce the numbers (or others like them) by node: ``(N,)``, NaN for an empty list."""
        numbers_ = self.values if values is None else values
        found = np.full(len(self.lengths), np.nan)
        full = self.lengths > 0
        if full.any():
            found[full] = ufunc.reduceat(numbers_, self.first[:-1][full])
        return found

    def sums(self, values: FloatArray | None = None) -> FloatArray:
        """Sum each list: ``(N,)``, NaN for an empty list or one with a missing number."""
        return self.reduce(np.add, values)

    def means(self, values: FloatArray | None = None) -> FloatArray:
        """Average each list: ``(N,)``, NaN for an empty list or one with a missing number."""
        return self.sums(values) / np.maximum(self.lengths, 1)

    def edge(self, place: int) -> FloatArray:
        """Return the first (0) or the last (-1) number of each list: ``(N,)``, NaN if empty."""
        found = np.full(len(self.lengths), np.nan)
        full = self.lengths > 0
        at = self.first[:-1] if place == 0 else self.first[1:] - 1
        found[full] = self.values[at[full]]
        return found


def wrong(tree: Tree, name: str, position: int, wanted: str) -> ColumnError:
    """Return the error about one cell, to be raised."""
    cell = column(tree, name)[position]
    return ColumnError(
        f"column '{name}' of {tree.ids[position]!r} must be {wanted}, not {short(cell)}"
    )


def has_column(tree: Tree, name: str) -> bool:
    """Say whether the records of ``tree`` have a column called ``name``."""
    return name in tree.extra or (name in _OWN and name in tree.given)


def column(tree: Tree, name: str) -> ObjectArray | FloatArray:
    """Return the cells ``(N,)`` of a column, None or NaN = missing."""
    if name in tree.extra:
        return tree.extra[name]
    if has_column(tree, name):
        found: ObjectArray | FloatArray = getattr(tree, name)
        return found
    return np.full(len(tree), None, dtype=object)


def numbers(tree: Tree, name: str) -> FloatArray:
    """Return a column of numbers: ``(N,)``, NaN = missing; true counts as 1.

    Raises:
        ColumnError: for a cell that is no number.
    """
    cells = column(tree, name)
    bad = _first_bad(cells)
    if bad is not None:
        raise wrong(tree, name, bad, "a number")
    return _finite(cells)


def ratings(tree: Tree) -> FloatArray:
    """Return the column ``label`` as numbers ``(N,)``: false is −1, NaN = missing.

    Raises:
        ColumnError: for a cell that is no number.
    """
    found = numbers(tree, "label")
    cells = tree.extra.get("label", ())
    no = np.fromiter((cell is False for cell in cells), bool, len(cells))
    return np.where(no, -1.0, found) if len(no) else found


def codes(cells: Sequence[Any] | npt.NDArray[Any]) -> tuple[IntArray, int]:
    """Number the different values of ``cells``, -1 for what is missing, and count them.

    Equal by Python's ``==``; values that cannot be a dictionary's key, such as lists, are equal if
    they print alike.
    """
    listed = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
    if float in set(map(type, listed)):
        listed = [
            None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in listed
        ]
    try:
        known = dict.fromkeys(listed)
    except TypeError:
        listed = [None if cell is None else repr(cell) for cell in listed]
        known = dict.fromkeys(listed)
    known.pop(None, None)
    number = {cell: at for at, cell in enumerate(known)}
    found = np.fromiter(map(number.get, listed, [-1] * len(listed)), np.int64, len(listed))
    return found, len(number)


def lists(tree: Tree, name: str) -> Lists:
    """Return a column of lists of numbers; a number alone is a list of one.

    Raises:
        ColumnError: for a cell that is neither.
    """
    cells = column(tree, name).tolist()
    found: list[Any] = [
        cell if type(cell) in _LISTS else () if cell is None else (cell,) for cell in cells
    ]
    lengths = np.fromiter(map(len, found), np.int64, len(found))
    first = np.concatenate([[0], np.cumsum(lengths)])
    count = int(first[-1])
    if set(map(type, chain.from_iterable(found))) <= {float, int, bool}:  # nearly always, and quick
        try:
            values = np.fromiter(chain.from_iterable(found), np.float64, count)
        except OverflowError:
            pass
        else:
            return Lists(np.where(np.isfinite(values), values, np.nan), first)
    flat = np.fromiter(chain.from_iterable(found), dtype=object, count=count)
    bad = _first_bad(flat)
    if bad is not None:
        at = int(np.searchsorted(first, bad, side="right")) - 1
        raise wrong(tree, name, at, "a number or a list of numbers")
    return Lists(_finite(flat), first)


def step_scores(tree: Tree) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the score column as it is stored, NaN = missing, and a note that counts those."""
    scores = np.where(np.isfinite(tree.score), tree.score, np.nan)
    return scores, missing_steps(scores, "score")


def missing_steps(values: FloatArray, what: str) -> tuple[str, ...]:
    """Return a note that says how many steps have no ``what``, if some have none."""
    lost = int(np.isnan(values[1:]).sum())
    return (f"{lost} of {len(values) - 1} steps have no {what}",) if lost else ()


def missing_traces(known: BoolArray, what: str) -> tuple[str, ...]:
    """Return a note that says how many traces have no ``what``, if some have none."""
    lost = len(known) - int(known.sum())
    return (f"{lost} of {len(known)} traces have no {what}",) if lost else ()


def _first_bad(cells: ObjectArray | FloatArray) -> int | None:
    """Return the place of the first cell that is neither a number nor missing."""
    if cells.dtype != object:
        return None
    kinds = set(map(type, cells))
    if all(issubclass(kind, (*_NUMBERS, type(None))) for kind in kinds):
        return None
    return next(
        at for at, cell in enumerate(cells) if cell is not None and not isinstance(cell, _NUMBERS)
    )


def _finite(cells: ObjectArray | FloatArray) -> FloatArray:
    try:
        values = cells.astype(np.float64)  # None becomes NaN
    except OverflowError:  # a whole number beyond every float: as good as infinite
        values = np.array([_as_float(cell) for cell in cells])
    return np.where(np.isfinite(values), values, np.nan)


def _as_float(cell: Any) -> float:
    try:
        return np.nan if cell is None else float(cell)
    except OverflowError:
        return np.nan
