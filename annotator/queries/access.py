"""The only gates to project data: who asks is part of every lookup.

A stranger gets ``NotFoundError`` (the object's existence is not given away), a member whose role
is too weak gets ``ForbiddenError``. Views, API and commands acting for a person use nothing else.

viewer < annotator < reviewer < owner:
    viewer reads; annotator also judges; reviewer also sees the judgements of others, imports,
    trains, scores, snapshots and exports; owner also manages members, guidelines and settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from django.db.models import F, Model, QuerySet

from annotator.errors import ForbiddenError, NotFoundError
from annotator.models import (
    Export,
    Job,
    Membership,
    Problem,
    Project,
    RewardModel,
    Snapshot,
    Step,
    Trace,
)
from annotator.queries.prepared import prepared_row

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Role = Literal["viewer", "annotator", "reviewer", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "annotator", "reviewer", "owner")
RANK = {role: rank for rank, role in enumerate(ROLES)}
MAX_ID = 2**63 - 1
STEP_TO_LABEL = """
SELECT p.id, p.n_steps, j.id, j.name, m.role
FROM annotator_step s
JOIN annotator_problem p ON p.id = s.problem_id
JOIN annotator_project j ON j.id = p.project_id
JOIN annotator_membership m ON m.project_id = j.id AND m.user_id = %(user)s
WHERE s.id = %(step)s AND (%(project)s::text IS NULL OR upper(j.name) = upper(%(project)s::text))
"""

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Access:
    """A project together with what one person may do in it."""

    project: Project
    role: Role
    user_id: int

    def is_at_least(self, role: Role) -> bool:
        """Say whether the person's role is ``role`` or stronger."""
        return RANK[self.role] >= RANK[role]

    @property
    def may_label(self) -> bool:
        """May judge steps and correct outcomes."""
        return self.is_at_least("annotator")

    @property
    def may_review(self) -> bool:
        """May see the judgements of others, and start imports, training, scoring and exports."""
        return self.is_at_least("reviewer")

    @property
    def may_see_scores(self) -> bool:
        """May see model scores: everybody, unless the project keeps its annotators blind."""
        return self.project.show_scores or self.may_review

    @property
    def may_manage(self) -> bool:
        """May change members, guidelines and settings."""
        return self.is_at_least("owner")


def project_for_user(*, user: User | AnonymousUser, name: str, at_least: Role = "viewer") -> Access:
    """Return the project called ``name`` (in any case) if ``user`` is a member.

    Raises:
        NotFoundError: no such project, or not theirs.
        ForbiddenError: the role is weaker than ``at_least``.
    """
    # The database refuses NUL with a failure, and no project is called so.
    member = (
        Membership.objects.select_related("project")
        .filter(user_id=user.pk or 0, project__name__iexact=name)
        .first()
        if "\x00" not in name
        else None
    )
    if member is None:
        raise NotFoundError(f"There is no project called '{name}' among yours.")
    _check(cast("Role", member.role), at_least)
    return Access(member.project, cast("Role", member.role), member.user_id)


def access_to(*, user: User | AnonymousUser, project: Project) -> Access:
    """Return the role of ``user`` in a project that a gate of this module already opened.

    Raises:
        NotFoundError: the membership ended in the meantime.
    """
    role = (
        Membership.objects.filter(user_id=user.pk or 0, project=project)
        .values_list("role", flat=True)
        .first()
    )
    if role is None:
        raise NotFoundError("There is no such project among yours.")
    return Access(project, cast("Role", role), user.pk or 0)


def problem_for_user(
    *,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role = "viewer",
    project: str | None = None,
) -> Problem:
    """Return a problem of a project of ``user``; ``project`` pins the name seen in the URL."""
    rows = Problem.objects.select_related("project")
    return _gated(rows, "problem", "project", user, pk, at_least, project)


def step_for_user(
    *,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role = "viewer",
    project: str | None = None,
) -> Step:
    """Return a step with its problem and project loaded."""
    rows = Step.objects.select_related("problem__project")
    return _gated(rows, "step", "problem__project", user, pk, at_least, project)


def step_to_label(
    *,
    user: User | AnonymousUser,
    pk: int,
    project: str | None = None,
) -> Step:
    """Return a step that ``user`` may label, with just what saving a label needs.

    The same gate as ``step_for_user`` for annotators, as a prepared statement; columns that are
    not in it load when asked for.
    """
    known = 0 < pk <= MAX_ID and "\x00" not in (project or "")
    parameters = {"step": pk, "user": user.pk or 0, "project": project}
    row = prepared_row(STEP_TO_LABEL, parameters) if known else None
    if row is None:
        raise NotFoundError(f"There is no step {pk} in your projects.")
    problem_id, n_steps, project_id, name, role = row
    _check(cast("Role", role), "annotator")
    step = Step.from_db("default", ["id", "problem_id"], [pk, problem_id])
    step.problem = Problem.from_db(
        "default", ["id", "project_id", "n_steps"], [problem_id, project_id, n_steps]
    )
    step.problem.project = Project.from_db("default", ["id", "name"], [project_id, name])
    return step


def trace_for_user(
    *,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role = "viewer",
    project: str | None = None,
) -> Trace:
    """Return a trace with its problem and project loaded."""
    rows = Trace.objects.select_related("problem__project")
    return _gated(rows, "trace", "problem__project", user, pk, at_least, project)


def job_for_user(
    *,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role = "viewer",
    project: str | None = None,
) -> Job:
    """Return a job with its project and worker loaded."""
    rows = Job.objects.select_related("project", "worker")
    return _gated(rows, "job", "project", user, pk, at_least, project)


def model_for_user(
    *,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role = "viewer",
    project: str | None = None,
) -> RewardModel:
    """Return a reward model with its project, snapshot and job loaded."""
    rows = RewardModel.objects.select_related("project", "snapshot", "job")
    return _gated(rows, "model", "project", user, pk, at_least, project)


def snapshot_for_user(
    *,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role = "viewer",
    project: str | None = None,
) -> Snapshot:
    """Return a snapshot with its project loaded."""
    rows = Snapshot.objects.select_related("project")
    return _gated(rows, "snapshot", "project", user, pk, at_least, project)


def export_for_user(
    *,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role = "viewer",
    project: str | None = None,
) -> Export:
    """Return an export with its project and snapshot loaded."""
    rows = Export.objects.select_related("project", "snapshot")
    return _gated(rows, "export", "project", user, pk, at_least, project)


def _gated(
    rows: QuerySet[M],
    noun: str,
    to_project: str,
    user: User | AnonymousUser,
    pk: int,
    at_least: Role,
    project: str | None,
) -> M:
    """Look up one row through the membership of ``user``, in a single query."""
    conditions: dict[str, Any] = {"pk": pk, f"{to_project}__memberships__user_id": user.pk or 0}
    if project is not None:
        conditions[f"{to_project}__name__iexact"] = project
    found = (
        rows.filter(**conditions).annotate(asked_as=F(f"{to_project}__memberships__role")).first()
        if 0 < pk <= MAX_ID and "\x00" not in (project or "")
        else None
    )
    if found is None:
        raise NotFoundError(f"There is no {noun} {pk} in your projects.")
    _check(cast("Role", cast("Any", found).asked_as), at_least)
    return found


def _check(role: Role, at_least: Role) -> None:
    if RANK[role] < RANK[at_least]:
        raise ForbiddenError(
            f"This needs the role '{at_least}'; yours is '{role}'. Ask an owner of the project."
        )
