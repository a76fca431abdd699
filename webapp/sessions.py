"""Django's database sessions, read by a prepared statement.

Every request of a signed-in person reads its session. A cache of each web process would be faster
still, but would keep a signed-out session alive in the other ones.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db

from annotator.queries.prepared import prepared_row

SESSION = """
SELECT session_data FROM django_session
WHERE session_key = %(key)s AND expire_date > statement_timestamp()
"""


class SessionStore(db.SessionStore):
    """A session in the database, as Django writes and checks it."""

    def load(self) -> dict[str, Any]:
        """Return the session's data; an ended or unknown one is empty."""
        row = prepared_row(SESSION, {"key": self.session_key})
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row[0])
