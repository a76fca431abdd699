"""Where days begin, for what counts by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime


def today_begins() -> datetime:
    """Return the midnight before now in the server's time zone."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
