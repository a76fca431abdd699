"""JSON of what the lines of one problem share, encoded once.

A step stands in the line of every path that it is on. ``orjson`` copies a fragment as it is, where it
would look through the text for characters to escape each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orjson import Fragment, dumps

if TYPE_CHECKING:
    from collections.abc import Iterable


def fragment(value: object) -> Fragment:
    """Return ``value`` in the form in which ``orjson`` writes it."""
    return Fragment(dumps(value))


def fragments(values: Iterable[object]) -> list[Fragment]:
    """Return the fragment of each value."""
    return [Fragment(dumps(value)) for value in values]
