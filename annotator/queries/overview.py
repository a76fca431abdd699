"""The Projects page: what each of a person's projects holds, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, QuerySet, Sum

from annotator.models import Job, Membership, Problem, Project, Rater, StepLabel

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OPEN_STATES = (Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True, slots=True)
class ProjectSize:
    """What was imported into a project."""

    problems: int
    steps: int
    traces: int


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project as its member sees it in the list; ``labels`` counts those made by people."""

    project: Project
    role: str
    size: ProjectSize
    labels: int
    open_jobs: int
    members: int


def projects_of(*, user: User) -> QuerySet[Membership]:
    """Return the memberships of ``user`` with their projects, by name."""
    return (
        Membership.objects.filter(user=user)
        .select_related("project")
        .order_by("project__name", "project_id")
    )


def project_rows(*, user: User) -> list[ProjectRow]:
    """Return the projects of ``user`` with their counts, by name."""
    return _rows(list(projects_of(user=user)))


def _rows(memberships: list[Membership]) -> list[ProjectRow]:
    ids = [membership.project_id for membership in memberships]
    sizes = {
        project_id: sums
        for project_id, *sums in Problem.objects.filter(project_id__in=ids)
        .values_list("project_id")
        .annotate(n=Count("id"), all_steps=Sum("n_steps"), all_traces=Sum("n_traces"))
    }
    labels = dict(
        StepLabel.objects.filter(rater__project_id__in=ids, rater__kind=Rater.Kind.PERSON)
        .values_list("rater__project_id")
        .annotate(n=Count("id"))
    )
    jobs = dict(
        Job.objects.filter(project_id__in=ids, state__in=OPEN_STATES)
        .values_list("project_id")
        .annotate(n=Count("id"))
    )
    members = dict(
        Membership.objects.filter(project_id__in=ids)
        .values_list("project_id")
        .annotate(n=Count("id"))
    )
    return [
        ProjectRow(
            project=membership.project,
            role=membership.role,
            size=ProjectSize(*sizes.get(membership.project_id, (0, 0, 0))),
            labels=labels.get(membership.project_id, 0),
            open_jobs=jobs.get(membership.project_id, 0),
            members=members.get(membership.project_id, 0),
        )
        for membership in memberships
    ]


def project_row(*, user: User, project: Project) -> ProjectRow:
    """Return one project of ``user`` with its counts."""
    return _rows(list(projects_of(user=user).filter(project=project)))[0]


def open_jobs_count(*, project: Project) -> int:
    """Count the jobs of ``project`` that wait or run, for the page header."""
    return Job.objects.filter(project=project, state__in=OPEN_STATES).count()
