"""Addresses of the pages for reading."""

from __future__ import annotations

from django.urls import path

from annotator.views.reading import compare, disagreements

PROJECT = "p/<str:project>/"
PROBLEM = f"{PROJECT}problems/<int:pk>/"

urlpatterns = [
    path(f"{PROJECT}disagreements/", disagreements.disagreements, name="disagreements"),
    path(f"{PROBLEM}compare/", compare.compare_page, name="compare"),
]
