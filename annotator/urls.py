"""Addresses of all pages; each family of views keeps its own list."""

from __future__ import annotations

from django.urls import include, path

app_name = "annotator"
urlpatterns = [
    path("", include("annotator.views.pages.urls")),
    path("", include("annotator.views.workbench.urls")),
    path("", include("annotator.views.ranking.urls")),
    path("", include("annotator.views.work.urls")),
    path("", include("annotator.views.reading.urls")),
    path("", include("annotator.views.attribution.urls")),
]
