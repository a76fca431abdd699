"""HTML pages at the root, the JSON API under ``/api/v1/``."""

from __future__ import annotations

from django.urls import include, path

handler400 = "annotator.views.http.bad_request"
handler403 = "annotator.views.http.permission_denied"
handler404 = "annotator.views.http.not_found"
handler500 = "annotator.views.http.server_error"
urlpatterns = [
    path("api/v1/", include("webapp.api_urls")),
    path("", include("annotator.urls")),
]
