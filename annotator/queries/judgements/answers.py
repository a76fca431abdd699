"""What can be said of final answers before and after they are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from annotator.models import Job, Problem, Trace
from annotator.models.finite import known
from annotator.queries.jobs import OPEN_STATES

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from annotator.models import Project

BLANK = r"^\s*$"


@dataclass(frozen=True, slots=True)
class Checkable:
    """What there is to check.

    Attributes:
        traces: of the project.
        compared: those whose problem has a reference answer.
        known: of these, those with a value of the project's primary outcome, wherever it is from.
    """

    traces: int
    compared: int
    known: int


def answers_checkable(*, project: Project) -> Checkable:
    """Count what a check would find; one query."""
    has = ~Q(problem__reference__regex=BLANK)
    there = Q(outcomes__name=project.primary_outcome, **known("outcomes__value"))
    found = Trace.objects.filter(problem__project=project).aggregate(
        traces=Count("pk", distinct=True),
        compared=Count("pk", filter=has, distinct=True),
        known=Count("pk", filter=has & there, distinct=True),
    )
    return Checkable(**found)


def references_exist(*, project: Project) -> bool:
    """Say whether a problem of the project has a reference answer."""
    rows = Problem.objects.filter(project=project).exclude(reference__regex=BLANK)
    return rows.exists()


def open_answers_job(*, project: Project) -> Job | None:
    """Return the job that checks the answers of the project, or waits to."""
    return _checks(project).filter(state__in=OPEN_STATES).order_by("pk").first()


def last_answers_report(*, project: Project) -> dict[str, Any] | None:
    """Return what the newest check that ended well had found, with ``job``: its id."""
    done = _checks(project).filter(state=Job.State.DONE).order_by("-pk").first()
    return {"job": done.pk, **done.result} if done else None


def _checks(project: Project) -> QuerySet[Job]:
    return Job.objects.filter(project=project, kind=Job.Kind.ANSWERS)
