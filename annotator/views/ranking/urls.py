"""Addresses of rankings: the lists of places, and the three surfaces below a problem."""

from __future__ import annotations

from django.urls import path

from annotator.views.ranking import lists, surface
from scoring.preference.types import LEVELS

PROJECT = "p/<str:project>/"
PROBLEM = f"{PROJECT}problems/<int:pk>/"
VERBS = {"": surface.surface, "order": surface.order, "strengths": surface.strengths}


def _address(level: str, verb: str, *, below: bool) -> str:
    parent = "<int:parent>/" if below else ""
    return f"{PROBLEM}rank/{level}/{parent}{verb}{'/' if verb else ''}"


urlpatterns = [
    path(f"{PROJECT}rankings/", lists.ranking_list, name="rankings"),
    path(f"{PROJECT}criteria/", lists.criteria, name="criteria"),
    path(f"{PROBLEM}rankings/", lists.problem_rankings, name="problem-rankings"),
    path(f"{PROBLEM}rank/branch/open/<int:step>/", surface.branch, name="rank-branch-open"),
    *(
        path(
            f"{PROBLEM}rank/{level}/next/",
            surface.next_to_rank,
            {"level": level},
            name=f"rank-next-{level}",
        )
        for level in LEVELS
    ),
    *(
        path(
            _address(level, verb, below=below),
            view,
            {"level": level},
            name=f"rank{'-' if verb else ''}{verb}-{level}{'-below' if below else ''}",
        )
        for level in LEVELS
        for below in (False, True)
        if not (below and level == "trace")
        for verb, view in VERBS.items()
    ),
]
