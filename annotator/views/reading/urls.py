"""Addresses of the pages for reading."""

from __future__ import annotations

from django.urls import path

from annotator.views.reading import compare, disagreements, figures, overview

PROJECT = "p/<str:project>/"
PROBLEM = f"{PROJECT}problems/<int:pk>/"
FILES = (
    ("/", "", figures.figures),
    (".svg", "-svg", figures.figure_svg),
    (".csv", "-csv", figures.figure_csv),
)

urlpatterns = [
    path(f"{PROJECT}overview/", overview.project_overview, name="overview"),
    path(f"{PROBLEM}overview/", overview.problem_overview, name="problem-overview"),
    path(f"{PROJECT}disagreements/", disagreements.disagreements, name="disagreements"),
    path(f"{PROBLEM}compare/", compare.compare_page, name="compare"),
    *(
        path(f"{PROBLEM}figures/{kind}{end}", view, {"kind": kind}, name=f"figure-{kind}{name}")
        for kind in figures.KINDS
        for end, name, view in FILES
    ),
]
