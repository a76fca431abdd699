"""Statements of the busiest requests, planned once per connection instead of at every request.

Django binds parameters on the client, so PostgreSQL plans each statement anew: two thirds of the
time of saving a label. The statements given here are prepared on the server at their first use and
kept by the connection; a pooler in front must know them (PgBouncer does since 1.21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import connection
from psycopg import Cursor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.backends.utils import CursorWrapper

Row = tuple[Any, ...]
# Django's None would prepare nothing; with this, a statement is prepared if it asks for it.
ONLY_WHEN_ASKED = 2**31 - 1


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
    connection.connection.prepare_threshold = ONLY_WHEN_ASKED
    bare = cast("CursorWrapper", _PreparedCursor(connection.connection))
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(bare) as cursor:
        cursor.execute(statement, parameters)
        row: Row | None = cursor.fetchone()
        return row
