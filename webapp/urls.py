"""HTML pages at the root, the JSON API under ``/api/v1/``."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("webapp.api_urls")),
    path("", include("annotator.urls")),
]
