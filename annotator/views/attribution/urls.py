"""Addresses of the page of a path's tokens."""

from __future__ import annotations

from django.urls import path

from annotator.views.attribution import page

PATH = "p/<str:project>/problems/<int:pk>/attribution/"

urlpatterns = [
    path(PATH, page.path_tokens, name="attribution"),
    path(f"{PATH}run/", page.attribution_run, name="attribution-run"),
]
