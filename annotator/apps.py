"""The Django app that owns every table, page and file format."""

from __future__ import annotations

from django.apps import AppConfig


class AnnotatorConfig(AppConfig):
    """Tables, pages, API and commands."""

    name = "annotator"
    verbose_name = "Tracewood"
