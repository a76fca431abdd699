"""Statements of the busiest requests, planned once per connection instead of at every request.

Django binds parameters on the client, so PostgreSQL plans each statement anew: two thirds of the
time of saving a label. The statements given here are prepared on the server at their first use and
kept by the connection; a pooler in front must know them (PgBouncer does since 1.21).

Left alone, PostgreSQL would go on planning the larger of them at every call: it compares estimated
costs only, and a plan for known values always looks a little cheaper. All of them find rows by
keys, for which the values do not matter, so the connection is told to keep the general plan. That
is said by SET, because poolers refuse it among the options of a new connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import connection
from psycopg import Cursor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.backends.utils import CursorWrapper
    from psycopg import Connection

Row = tuple[Any, ...]
# Django's None would prepare nothing; with this, a statement is prepared if it asks for it.
ONLY_WHEN_ASKED = 2**31 - 1
KEEP_PLANS = "SET plan_cache_mode = force_generic_plan"


class _PreparedCursor(Cursor[Row]):
    """A cursor that prepares what it executes."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _PreparedCursor:
        """Execute as a prepared statement."""
        return super().execute(query, params, **{**options, "prepare": True})


def prepared_row(statement: str, parameters: Mapping[str, Any]) -> Row | None:
    """Return the first row of ``statement``, None if it has none.

    Args:
        statement: SQL with ``%(name)s`` placeholders; a constant, for it is what is kept.
        parameters: their values, bound by the server: each one's type must follow from its place.
    """
    connection.ensure_connection()
    _tell(connection.connection)
    bare = cast("CursorWrapper", _PreparedCursor(connection.connection))
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(bare) as cursor:
        cursor.execute(statement, parameters)
        row: Row | None = cursor.fetchone()
        return row


def _tell(raw: Connection[Row]) -> None:
    """Tell a new connection once how to treat prepared statements.

    Inside a transaction that is rolled back the setting is lost again: planning then costs time, nothing else.
    """
    if raw.prepare_threshold != ONLY_WHEN_ASKED:
        raw.prepare_threshold = ONLY_WHEN_ASKED
        raw.execute(KEEP_PLANS, prepare=False)
