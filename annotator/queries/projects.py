"""The Projects page: what each of a person's projects holds, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.db.models import Count, Q, QuerySet, Sum

from annotator.models import (
    Export,
    Job,
    JudgementEvent,
    Membership,
    Problem,
    Project,
    Rater,
    RewardModel,
    Snapshot,
    StepLabel,
)
from annotator.queries.access import RANK
from annotator.queries.jobs import OPEN_STATES
from scoring.errors import UnknownNameError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.queries.access import Access, Role


@dataclass(frozen=True, slots=True)
class ProjectSize:
    """What was imported into a project."""

    problems: int
    steps: int
    traces: int


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project as its member sees it in the list.

    Reviewers see how much people labelled and how many jobs are open; everybody else counts only
    their own ``labels`` and ``open_jobs``.
    """

    project: Project
    role: str
    size: ProjectSize
    labels: int
    open_jobs: int
    members: int

    @property
    def sees_all(self) -> bool:
        """Say whether labels and jobs are everybody's."""
        return _is_at_least(self.role, "reviewer")

    @property
    def may_label(self) -> bool:
        """Say whether there can be labels of their own."""
        return _is_at_least(self.role, "annotator")


def _is_at_least(role: str, least: Role) -> bool:
    return RANK[cast("Role", role)] >= RANK[least]


def project_named(*, name: str) -> Project:
    """Return the project called ``name``, for commands; nobody is asked who they are.

    Raises:
        UnknownNameError: naming those that there are.
    """
    project = Project.objects.filter(name__iexact=name.strip()).first()
    if project is None:
        known = Project.objects.order_by("name").values_list("name", flat=True)
        raise UnknownNameError("project", name, known or ["none yet"])
    return project


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
    user = memberships[0].user_id if memberships else 0
    all_of = [m.project_id for m in memberships if _is_at_least(m.role, "reviewer")]
    sizes = {
        project_id: sums
        for project_id, *sums in Problem.objects.filter(project_id__in=ids)
        .values_list("project_id")
        .annotate(n=Count("id"), all_steps=Sum("n_steps"), all_traces=Sum("n_traces"))
    }
    labels = dict(
        StepLabel.objects.filter(rater__project_id__in=ids, rater__kind=Rater.Kind.PERSON)
        .filter(Q(rater__project_id__in=all_of) | Q(rater__user=user))
        .values_list("rater__project_id")
        .annotate(n=Count("id"))
    )
    jobs = dict(
        Job.objects.filter(project_id__in=ids, state__in=OPEN_STATES)
        .filter(Q(project_id__in=all_of) | Q(created_by=user))
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


def project_contents(*, project: Project) -> list[tuple[str, int]]:
    """Return what a project holds in words with counts: what its owner is about to delete."""
    sums = Problem.objects.filter(project=project).aggregate(
        n=Count("id"), steps=Sum("n_steps", default=0), traces=Sum("n_traces", default=0)
    )
    labels = StepLabel.objects.filter(rater__project=project)
    by_people = labels.filter(rater__kind=Rater.Kind.PERSON).count()
    return [
        ("problems", sums["n"]),
        ("steps", sums["steps"]),
        ("traces", sums["traces"]),
        ("labels by people", by_people),
        ("other labels", labels.count() - by_people),
        ("recorded judgements", JudgementEvent.objects.filter(project=project).count()),
        ("reward models", RewardModel.objects.filter(project=project).count()),
        ("snapshots", Snapshot.objects.filter(project=project).count()),
        ("exports", Export.objects.filter(project=project).count()),
        ("members", Membership.objects.filter(project=project).count()),
    ]


def open_jobs_count(*, access: Access) -> int:
    """Count the jobs that wait or run, for the page header: all for reviewers, else one's own."""
    jobs = Job.objects.filter(project=access.project, state__in=OPEN_STATES)
    return (jobs if access.may_review else jobs.filter(created_by=access.user_id)).count()
