"""Django's own PostgreSQL backend, plus: make sure that the server of this home runs."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from webapp import postgres

LOOK_EVERY_S = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded server.

    Both a plain connection and a pool ask for their parameters first, and nothing else does:
    ``check``, ``--help`` and mypy's plug-in never start the server. With a pool that is at every
    request, so then the server is looked for at most once a second.
    """

    looked_at = float("-inf")

    def get_connection_params(self) -> dict[str, Any]:
        """Start the server if it is not running, then return Django's parameters."""
        now = time.monotonic()
        if now - self.looked_at >= LOOK_EVERY_S or "pool" not in self.settings_dict["OPTIONS"]:
            postgres.ensure(settings.TRACEWOOD_HOME)
            self.looked_at = now
        return super().get_connection_params()

    def init_connection_state(self) -> None:
        """Let the server's side of the connection step back with a background process."""
        super().init_connection_state()
        postgres.follow_priority(self.connection.info.backend_pid)
