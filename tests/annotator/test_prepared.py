"""Statements of the busiest requests are planned once for each connection."""

from __future__ import annotations

import pytest
from django.db import connection

from annotator.queries.prepared import prepared_row

pytestmark = pytest.mark.django_db(transaction=True)

# For known values an index scan or a scan of three rows is cheaper than what serves any value, so
# PostgreSQL would plan this one at every call.
STATEMENT = """
SELECT count(*) FROM generate_series(1, 100000) AS n
WHERE n < %(limit)s::integer AND %(limit)s::integer < 10
"""


def plans():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%%generate_series%%'"
        )
        return cursor.fetchall()


def test_a_statement_is_planned_for_any_values_and_kept():
    connection.close()
    connection.ensure_connection()
    assert [prepared_row(STATEMENT, {"limit": limit}) for limit in (1, 5, 20)] == [(0,), (4,), (0,)]
    assert plans() == [(3, 0)]
