"""From dictionaries in any order to pre-order columns: what ``Tree.from_records`` accepts.

Every refusal is a ``TreeError`` that names the record, because the records often come from a
notebook or a file somebody wrote by hand.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from reprlib import repr as short  # a 10 MB value must not become a 10 MB message
from typing import Any

import numpy as np

from scoring.errors import TreeError

NUMBER_KEYS = ("score", "n_tokens", "visits", "value")
WORD_KEYS = ("level", "agent")
_OWN_KEYS = frozenset({"id", "parent", "text", "outcome", "state", *NUMBER_KEYS, *WORD_KEYS})


def columns_from_records(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the arguments of ``Tree.from_columns`` for ``records`` in any order.

    Raises:
        TreeError: if they are not one rooted tree or hold a value of the wrong kind.
    """
    rows = list(records)
    if not rows:
        raise TreeError("no records: a tree has at least the problem itself")
    where = _index(rows)
    order, depth = _preorder(rows, _children(rows, where))
    ordered = [rows[i] for i in order]
    keys: dict[str, None] = dict.fromkeys(key for row in rows for key in row)
    columns: dict[str, Any] = {
        "ids": [row["id"] for row in ordered],
        "depth": depth,
        "text": [_word(row, "text") for row in ordered],
        "extra": {key: [row.get(key) for row in ordered] for key in keys if key not in _OWN_KEYS},
    }
    for key in NUMBER_KEYS:
        if key in keys:
            columns[key] = [_number(row, key, row.get(key)) for row in ordered]
    for key in WORD_KEYS:
        if key in keys:
            columns[key] = [_word(row, key) for row in ordered]
    if "state" in keys:
        columns["state"] = [_state(row) for row in ordered]
    columns["ends"], outcomes = _ends(ordered, depth)
    columns["outcomes"] = outcomes if "outcome" in keys else None
    return columns


def _index(rows: list[Any]) -> dict[Any, int]:
    """Map ids to record numbers."""
    where: dict[Any, int] = {}
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping) or "id" not in row or "parent" not in row:
            raise TreeError(f"record {i} must be a mapping with 'id' and 'parent'")
        name = row["id"]
        if isinstance(name, bool) or not isinstance(name, int | str):
            raise TreeError(f"record {i}: 'id' must be text or a whole number, not {short(name)}")
        if name in where:
            raise TreeError(f"records {where[name]} and {i} have the same id {name!r}")
        where[name] = i
    return where


def _children(rows: list[Mapping[str, Any]], where: dict[Any, int]) -> dict[int, list[int]]:
    """List every record's children in record order; key -1 holds the root alone."""
    below: dict[int, list[int]] = {-1: []}
    for i, row in enumerate(rows):
        parent = row["parent"]
        if parent is None:
            below[-1].append(i)
            continue
        # True == 1 in a dictionary: only text and whole numbers can name a parent
        known = isinstance(parent, int | str) and not isinstance(parent, bool) and parent in where
        if not known:
            raise TreeError(
                f"record {row['id']!r}: its parent {short(parent)} is not among the records"
            )
        below.setdefault(where[parent], []).append(i)
    roots = below[-1]
    if len(roots) != 1:
        found = ", ".join(repr(rows[i]["id"]) for i in roots[:5]) or "none"
        raise TreeError(f"one record must have parent None; found {len(roots)}: {found}")
    return below


def _preorder(
    rows: list[Mapping[str, Any]], below: dict[int, list[int]]
) -> tuple[list[int], list[int]]:
    """Return record numbers in pre-order with their depths; iterative, so any depth works."""
    order: list[int] = []
    depths: list[int] = []
    stack = [(below[-1][0], 0)]
    while stack:
        i, depth = stack.pop()
        order.append(i)
        depths.append(depth)
        stack.extend((child, depth + 1) for child in reversed(below.get(i, ())))
    if len(order) != len(rows):
        reached = set(order)
        lost = next(row["id"] for i, row in enumerate(rows) if i not in reached)
        raise TreeError(f"record {lost!r} is on a cycle of parents and never reaches the root")
    return order, depths


def _ends(ordered: list[Mapping[str, Any]], depth: list[int]) -> tuple[list[int], list[float]]:
    """Return end position and outcome of every trace."""
    ends: list[int] = []
    outcomes: list[float] = []
    for at, row in enumerate(ordered):
        given = row.get("outcome")
        leaf = at > 0 and (at + 1 == len(ordered) or depth[at + 1] <= depth[at])
        if isinstance(given, list | tuple):
            values = list(given)
        else:
            values = [given] if given is not None or leaf else []
        ends.extend([at] * len(values))
        outcomes.extend(_number(row, "outcome", value) for value in values)
    return ends, outcomes


def _number(row: Mapping[str, Any], key: str, value: Any) -> float:
    """Return ``value`` as a float; None and NaN mean missing, and an infinite score does."""
    if value is None:
        return math.nan
    try:
        number = float(value) if isinstance(value, numbers.Real | np.bool) else None
    except OverflowError:
        number = None
    if number is None:
        raise TreeError(f"record {row['id']!r}: '{key}' must be a number, not {short(value)}")
    if math.isinf(number):
        if key == "score":
            return math.nan
        raise TreeError(f"record {row['id']!r}: '{key}' is infinite")
    return number


def _word(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TreeError(f"record {row['id']!r}: '{key}' must be text, not {short(value)}")
    return value


def _state(row: Mapping[str, Any]) -> Any:
    """Return the state as given; equal states are one place, so it must be hashable."""
    value = row.get("state")
    try:
        hash(value)
    except TypeError:
        raise TreeError(f"record {row['id']!r}: 'state' must be hashable, such as text") from None
    return value
