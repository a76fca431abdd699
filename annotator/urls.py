"""Pages of the workbench."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "annotator"
urlpatterns: list[URLPattern | URLResolver] = []
