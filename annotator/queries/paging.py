"""Pages of a list, found by the place of a row in the list's order and never by a count of rows.

The thousandth page costs what the first one does, and a row that is added in between neither repeats
nor hides another. An order is a tuple of columns of whole numbers (or yes and no), the last of them
unique, "-" for descending; a cursor is their values in one row, joined by points: ``17`` or ``1.17``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from django.db.models import Model, Q

from annotator.errors import InvalidError
from annotator.numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

PAGE_SIZE = 50
NEWEST = ("-pk",)

T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list with the cursors of the neighbouring pages ("" where there is none)."""

    rows: list[T] = field(default_factory=list)
    next: str = ""
    previous: str = ""


def page_of(
    rows: QuerySet[M],
    *,
    order: Sequence[str] = NEWEST,
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[M]:
    """Return the page of ``rows`` behind the cursor ``after``, or the one before ``before``.

    Args:
        rows: the list; its own order is replaced.
        order: as above.
        after: ``next`` of a page; "" is the beginning.
        before: ``previous`` of a page; it wins over ``after``.
        size: rows at most.

    Raises:
        InvalidError: a cursor that no list of this order made.
    """
    backwards = bool(before)
    columns = [_turned(column) for column in order] if backwards else list(order)
    if cursor := before or after:
        rows = rows.filter(_beyond(columns, cursor_read(cursor, order)))
    found = list(rows.order_by(*columns)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    return Page(
        rows=found,
        next=cursor_make(found[-1], order) if found and (more or backwards) else "",
        previous=cursor_make(found[0], order)
        if found and (more if backwards else bool(after))
        else "",
    )


def cursor_make(row: Model, order: Sequence[str] = NEWEST) -> str:
    """Return the place of ``row`` in a list of this order."""
    return ".".join(f"{getattr(row, column.removeprefix('-')):d}" for column in order)


def cursor_read(cursor: str, order: Sequence[str] = NEWEST) -> list[int]:
    """Return the values of a cursor.

    Raises:
        InvalidError: no list of this order made it.
    """
    values = [whole_number(part) for part in cursor.split(".", len(order))]
    known = [value for value in values if value is not None]
    if len(known) != len(values) or len(values) != len(order):
        reason = "This page link is not one of this list. Start again from its first page."
        raise InvalidError(reason, fields={"cursor": reason})
    return known


def _turned(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _beyond(columns: Sequence[str], values: Sequence[int]) -> Q:
    """Return the condition on rows behind ``values``: lexicographic, as the order is.

    The bound on the first column says nothing new; it is what an index on that column can use.
    """
    beyond = Q()
    for column, value in zip(reversed(columns), reversed(values), strict=True):
        name = column.removeprefix("-")
        further = Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        beyond = further | (Q(**{name: value}) & beyond) if beyond else further
    if len(columns) == 1:
        return beyond
    name, descending = columns[0].removeprefix("-"), columns[0].startswith("-")
    return Q(**{f"{name}__{'lte' if descending else 'gte'}": values[0]}) & beyond
