"""Columns of the records that methods ask for by name, as arrays of numbers or of codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.inputs import hint_for
from scoring.errors import MissingInputError, TreeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from scoring.tree import FloatArray, IntArray, ObjectArray, Tree

OWN = ("score", "n_tokens", "visits", "value", "state", "level", "agent", "text")


def column(tree: Tree, name: str, method: str) -> ObjectArray | FloatArray:
    """Return the ``(N,)`` column called ``name``.

    Raises:
        MissingInputError: the records of ``tree`` have none; ``method`` is who asks.
    """
    if name in tree.extra:
        return tree.extra[name]
    if name in OWN and (name in tree.given or len(tree) == 1):
        found: ObjectArray | FloatArray = getattr(tree, name)
        return found
    if len(tree) == 1:
        return np.full(1, None, dtype=object)
    raise MissingInputError(method, [name], hint_for(name))


def numbers(tree: Tree, name: str, method: str) -> FloatArray:
    """Return a column as ``(N,)`` numbers; None and what is not finite become NaN.

    Raises:
        MissingInputError: there is no such column.
        TreeError: it holds something that is no number; names the record.
    """
    cells = column(tree, name, method)
    try:
        found = np.array(cells.tolist(), np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0)
    if found.shape != (len(tree),):
        at = next((i for i, cell in enumerate(cells) if not _is_number(cell)), 0)
        raise TreeError(f"record {tree.ids[at]!r}: '{name}' must be a number")
    return np.where(np.isfinite(found), found, np.nan)


def _is_number(cell: object) -> bool:
    try:
        return np.array(cell, np.float64).shape == ()
    except (TypeError, ValueError, OverflowError):
        return False


def codes(cells: Sequence[Any] | np.ndarray) -> tuple[IntArray, int]:
    """Number the different values of ``cells``, -1 for None, and count them.

    Equal by Python's ``==``; values that cannot be a dictionary's key, such as lists, are equal if
    they print alike.
    """
    listed = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
    try:
        known = dict.fromkeys(listed)
    except TypeError:
        listed = [None if cell is None else repr(cell) for cell in listed]
        known = dict.fromkeys(listed)
    known.pop(None, None)
    number = {cell: at for at, cell in enumerate(known)}
    found = np.fromiter(map(number.get, listed, [-1] * len(listed)), np.int64, len(listed))
    return found, len(number)
