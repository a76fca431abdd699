"""``manage.py stop_database``: stop the embedded PostgreSQL, which otherwise outlives its users."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from webapp import postgres


class Command(BaseCommand):
    """Stops the server of this home; the next connection starts it again."""

    help = "Stop the embedded PostgreSQL of this TRACEWOOD_HOME."

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop it."""
        stopped = postgres.stop(settings.TRACEWOOD_HOME)
        self.stdout.write("Stopped." if stopped else "It was not running.")
