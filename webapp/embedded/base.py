"""Django's own PostgreSQL backend, plus: make sure that the server of this home runs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from webapp import postgres


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded server.

    Both a plain connection and a pool ask for their parameters first, and nothing else does:
    ``check``, ``--help`` and mypy's plug-in never start the server.
    """

    def get_connection_params(self) -> dict[str, Any]:
        """Start the server if it is not running, then return Django's parameters."""
        postgres.ensure(settings.TRACEWOOD_HOME)
        return super().get_connection_params()
