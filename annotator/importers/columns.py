"""Checked columns: arrays of equal length that together describe steps or labels.

A column is checked as a whole first (the set of its types); only a bad one is walked to find the
entry to name. An absent column is its default, repeated.
"""

from __future__ import annotations

import math
from itertools import repeat
from typing import TYPE_CHECKING, Any

from annotator.importers.fields import array, check_depth, fail, member, same_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Columns:
    """The columns of one table.

    Args:
        table: name to array.
        path: how error messages name the table, ending in a dot.
        first: the column that sets the length.
        length: its length.
    """

    def __init__(self, table: dict[str, Any], path: str, first: str, length: int) -> None:
        self._table = table
        self._path = path
        self._first = first
        self._length = length

    def _column(self, name: str, types: tuple[type, ...], expected: str) -> list[Any] | None:
        """Return the column if it is there and holds only ``types``."""
        if name not in self._table:
            return None
        values = array(self._table, name, self._path)
        same_length(self._path + name, values, self._path + self._first, self._length)
        if not set(map(type, values)) <= set(types):
            at = next(i for i, value in enumerate(values) if type(value) not in types)
            self._fail(name, at, expected, values[at])
        return values

    def _fail(self, name: str, at: int, expected: str, got: object) -> None:
        fail(f"{self._path}{name}[{at}]", expected, got)

    def texts(self, name: str) -> Iterable[str]:
        """Texts, ``""`` by default."""
        values = self._column(name, (str,), "text")
        return repeat("", self._length) if values is None else values

    def optional_texts(self, name: str) -> Iterable[str | None]:
        """Texts or null."""
        values = self._column(name, (str, type(None)), "text or null")
        return repeat(None, self._length) if values is None else values

    def choices(self, name: str, known: Sequence[str], default: str) -> Iterable[str]:
        """Texts among ``known``."""
        values = self._column(name, (str,), "text")
        if values is None:
            return repeat(default, self._length)
        if not set(values) <= set(known):
            at = next(i for i, value in enumerate(values) if value not in known)
            self._fail(name, at, f"one of {', '.join(filter(None, known))}", values[at])
        return values

    def booleans(self, name: str) -> Iterable[bool]:
        """True or false, false by default."""
        values = self._column(name, (bool,), "true or false")
        return repeat(False, self._length) if values is None else values

    def positions(self, name: str, *, low: int = -1, high: int | None = None) -> list[int]:
        """A required column of integers in ``low`` … ``high``."""
        member(self._table, name, self._path)
        values = self._column(name, (int,), "an integer") or []
        top = self._length if high is None else high
        if values and not (low <= min(values) and max(values) <= top):
            at = next(i for i, value in enumerate(values) if not low <= value <= top)
            self._fail(name, at, f"a position from {low} to {top}", values[at])
        return values

    def optional_integers(
        self, name: str, low: int, high: int | None = None
    ) -> Iterable[int | None]:
        """Integers from ``low`` (to ``high``) or null."""
        top = math.inf if high is None else high
        span = f"an integer from {low} on" if high is None else f"an integer from {low} to {high}"
        values = self._column(name, (int, type(None)), f"{span} or null")
        if values is None:
            return repeat(None, self._length)
        for at, value in enumerate(values):
            if value is not None and not low <= value <= top:
                self._fail(name, at, f"{span} or null", value)
        return values

    def optional_numbers(self, name: str) -> Iterable[float | None]:
        """Finite numbers or null."""
        values = self._column(name, (float, int, type(None)), "a number or null")
        if values is None:
            return repeat(None, self._length)
        return [None if value is None else float(value) for value in values]

    def numbers(self, name: str) -> list[float]:
        """A required column of finite numbers."""
        member(self._table, name, self._path)
        values = self._column(name, (float, int), "a number") or []
        return list(map(float, values))

    def objects(self, name: str) -> Iterable[dict[str, Any]]:
        """Objects; null stands for an empty one."""
        values = self._column(name, (dict, type(None)), "an object or null")
        if values is None:
            return ({} for _ in range(self._length))
        for at, value in enumerate(values):
            if value:
                check_depth(value, f"{self._path}{name}[{at}]")
        return [value or {} for value in values]
