"""PostgreSQL's bulk ways: ids in blocks, rows by COPY, and the lock that orders imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.backends.utils import CursorWrapper
    from django.db.models import Model

_LOCK_CLASS = 0x7472 << 40
"""Upper bits of the advisory lock's number, so that project ids clash with nobody else's locks."""


def lock_imports(cursor: CursorWrapper, project_id: int) -> None:
    """Let one transaction at a time add records to a project.

    Two imports of the same file then neither duplicate nor deadlock. Only imports take this lock:
    labels and scores are written meanwhile.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_CLASS | project_id])


def reserve_ids(cursor: CursorWrapper, model: type[Model], n_ids: int) -> Sequence[int]:
    """Take ``n_ids`` ascending ids from the sequence of ``model``.

    Under a lock that orders the writers of a problem, later calls give larger ids.
    """
    if not n_ids:
        return ()
    cursor.execute(
        """
        SELECT min(v), CASE WHEN max(v) - min(v) + 1 = count(*) THEN NULL
                            ELSE array_agg(v ORDER BY v) END
        FROM (SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id')::regclass)) AS v
              FROM generate_series(1, %s)) AS taken
        """,
        [model._meta.db_table, n_ids],
    )
    first, scattered = cursor.fetchone()
    return scattered or range(first, first + n_ids)


def copy_rows(
    cursor: CursorWrapper,
    model: type[Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Append ``rows`` to the table of ``model``; columns left out get the database's default.

    ``rows`` must not use ``cursor``, which is busy until the last of them.

    Raises:
        django.db.Error: the database refuses a row.
    """
    waiting = iter(rows)
    first = next(waiting, None)
    if first is None:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'COPY "{model._meta.db_table}" ({names}) FROM STDIN'
    # What goes wrong inside the block is psycopg's own error: Django wraps only the call.
    with cursor.db.wrap_database_errors, cursor.copy(statement) as copy:
        write_row = copy.write_row
        write_row(first)
        for row in waiting:
            write_row(row)
