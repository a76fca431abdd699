"""What every registry does: find a row by its key, and import what the row names."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, TypeVar

from scoring.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

_Row = TypeVar("_Row")


def find_row(rows: Mapping[str, _Row], what: str, key: str) -> _Row:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: there is no such ``what``; names the known ones.
    """
    try:
        return rows[key]
    except KeyError:
        raise UnknownNameError(what, key, rows) from None


def load_target(target: str) -> Any:
    """Import the object that ``"module:name"`` names."""
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)
