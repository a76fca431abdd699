"""Routes of ``/api/v1/``: the API itself and its OpenAPI description."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

urlpatterns = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("", include("annotator.api.urls")),
]
