"""The wiring as a Django app: system checks and the Celery app belong to it."""

from __future__ import annotations

from django.apps import AppConfig


class WebappConfig(AppConfig):
    """Makes every process know the checks and where to send jobs."""

    name = "webapp"

    def ready(self) -> None:
        """Load what registers itself by being imported, now that the settings are complete."""
        from webapp import celery, checks  # noqa: F401
