"""The worker edge as a Django app, so that Celery finds ``scoring.tasks``; it has no tables."""

from __future__ import annotations

from django.apps import AppConfig


class ScoringConfig(AppConfig):
    """Celery tasks over the pure core."""

    name = "scoring"
    verbose_name = "Scoring"
