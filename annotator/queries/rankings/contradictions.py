"""Contradictions between judgements across a project, problem by problem, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from annotator.models import Problem, Ranking, Resolution
from annotator.queries.rankings.questions import questions_of

if TYPE_CHECKING:
    from annotator.queries.access import Access
    from annotator.queries.rankings.questions import Question

PROBLEMS = 25
# Ranked problems that are looked at together, and how often before a page ends early.
TOGETHER, LOOKS = 200, 5


@dataclass(frozen=True, slots=True)
class Contradictions:
    """The contradictions of one problem."""

    problem: Problem
    questions: list[Question]


def contradictions_page(
    *, access: Access, before: int, resolved: bool = False, size: int = PROBLEMS
) -> tuple[list[Contradictions], int | None]:
    """Return the contradictions of ``size`` problems, and before which id the next page starts.

    ``TOGETHER`` problems are read with a fixed number of queries. Most problems contradict nothing;
    after ``LOOKS`` such reads the page ends with what was found, so that its cost is bounded.
    """
    said = Resolution if resolved else Ranking
    rows = Problem.objects.filter(
        Exists(said._default_manager.filter(problem=OuterRef("pk"))), project=access.project
    ).order_by("-pk")
    found: list[Contradictions] = []
    for _ in range(LOOKS):
        problems = list(rows.filter(pk__lt=before)[:TOGETHER])
        questions = questions_of(problems=problems, access=access, resolved=resolved)
        for problem in problems:
            if problem.pk in questions:
                if len(found) == size:
                    return found, found[-1].problem.pk
                found.append(Contradictions(problem, questions[problem.pk]))
        if len(problems) < TOGETHER:
            return found, None
        before = problems[-1].pk
    return found, before
