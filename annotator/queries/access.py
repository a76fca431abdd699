"""The only gates to project data: who asks is part of every lookup.

A stranger gets ``NotFoundError`` (the object's existence is not given away), a member whose role
is too weak gets ``ForbiddenError``. Views, API and commands acting for a person use nothing else.

viewer < annotator < reviewer < owner:
    viewer reads; annotator also judges; reviewer also sees the judgements of others, imports,
    trains, scores, snapshots, exports and takes exports away; owner also manages members,
    guidelines and settings. What a role sees of a problem is decided in ``queries.blindness``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from django.db.models import F, Model, Q

from annotator.errors import ForbiddenError, NotFoundError
from annotator.models import (
    Evaluation,
    Export,
    Gold,
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

    from annotator.queries.prepared import Row

Role = Literal["viewer", "annotator", "reviewer", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "annotator", "reviewer", "owner")
RANK = {role: rank for rank, role in enumerate(ROLES)}
MAX_ID = 2**63 - 1
# Whoever wants more of the step and the person in the same round trip names columns and joins.
GATED_STEP = """
SELECT p.id, p.n_steps, j.id, j.name, m.role{columns}
FROM annotator_step s
JOIN annotator_problem p ON p.id = s.problem_id
JOIN annotator_project j ON j.id = p.project_id
JOIN annotator_membership m ON m.project_id = j.id AND m.user_id = %(user)s
{joins}
WHERE s.id = %(step)s AND (%(project)s::text IS NULL OR upper(j.name) = upper(%(project)s::text))
"""
STEP_TO_LABEL = GATED_STEP.format(columns="", joins="")

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
        """May see all model scores; what opens step by step is in ``queries.blindness``."""
        return self.project.show_scores or self.may_review

    @property
    def may_manage(self) -> bool:
        """May change members, guidelines and settings."""
        return self.is_at_least("owner")


def check_role(role: Role, at_least: Role) -> None:
    """Refuse a role that is too weak.

    Raises:
        ForbiddenError: naming both roles.
    """
    if RANK[role] < RANK[at_least]:
        raise ForbiddenError(
            f"This needs the role '{at_least}'; yours is '{role}'. Ask an owner of the project."
        )


@dataclass(frozen=True, slots=True)
class Gate(Generic[M]):
    """The lookup of one kind of row through the membership of who asks, in a single query.

    Attributes:
        model: the rows.
        noun: what an error calls one.
        to_project: the way from a row to its project.
        loaded: what comes with the row.
        only: which rows there are; looked at after the role, so that a refusal tells nothing.
        own: the column of whose the row is; those of others do not exist for a person. "" = anybody's.
    """

    model: type[M]
    noun: str
    to_project: str
    loaded: tuple[str, ...]
    only: Q = field(default_factory=Q)
    own: str = ""

    def __call__(
        self,
        *,
        user: User | AnonymousUser,
        pk: int,
        at_least: Role = "viewer",
        project: str | None = None,
        problem: int | None = None,
    ) -> M:
        """Return the row ``pk`` of a project of ``user``.

        ``project`` pins the name in the URL, ``problem`` the id in it.

        Raises:
            NotFoundError: no such row, or not theirs.
            ForbiddenError: the role is weaker than ``at_least``.
        """
        member = f"{self.to_project}__memberships"
        conditions: dict[str, Any] = {"pk": pk, f"{member}__user_id": user.pk or 0}
        if project is not None:
            conditions[f"{self.to_project}__name__iexact"] = project
        if problem is not None:
            conditions["problem_id"] = problem
        if self.own:
            conditions[self.own] = user.pk or 0
        rows = self.model._default_manager.select_related(*self.loaded)
        possible = 0 < pk <= MAX_ID and (problem or 0) <= MAX_ID and "\x00" not in (project or "")
        found = (
            rows.filter(**conditions).annotate(asked_as=F(f"{member}__role")).first()
            if possible
            else None
        )
        where = "in your projects" if problem is None else f"in problem {problem}"
        missing = NotFoundError(
            f"There is no {self.noun} {pk} {'of yours' if self.own else where}."
        )
        if found is None:
            raise missing
        check_role(cast("Role", cast("Any", found).asked_as), at_least)
        if self.only and not rows.filter(self.only, pk=pk).exists():
            raise missing
        return found


IN_PROBLEM = "problem__project"
problem_for_user = Gate(Problem, "problem", "project", ("project",))
step_for_user = Gate(Step, "step", IN_PROBLEM, (IN_PROBLEM,))
trace_for_user = Gate(Trace, "trace", IN_PROBLEM, (IN_PROBLEM,))
job_for_user = Gate(Job, "job", "project", ("project", "worker"))
model_for_user = Gate(RewardModel, "model", "project", ("project", "snapshot", "job"))
snapshot_for_user = Gate(Snapshot, "snapshot", "project", ("project",))
export_for_user = Gate(Export, "export", "project", ("project", "snapshot"))
evaluation_for_user = Gate(
    Evaluation,
    "evaluation",
    "project",
    ("project", "model", "against", "snapshot", "job", "created_by"),
    Q(ready=True),
)
gold_for_user = Gate(Gold, "gold answer", "project", ("project", "problem", "trace", "parent"))


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
    check_role(cast("Role", member.role), at_least)
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
    return step_to_label_and(STEP_TO_LABEL, user=user, pk=pk, project=project)[0]


def step_to_label_and(
    statement: str,
    *,
    user: User | AnonymousUser,
    pk: int,
    project: str | None,
) -> tuple[Step, Row]:
    """Return the step of ``step_to_label`` and the columns that ``statement`` adds to the gate.

    Args:
        statement: ``GATED_STEP``, filled in.
        user: who asks.
        pk: the step.
        project: the name seen in the URL, None where there is none.
    """
    known = 0 < pk <= MAX_ID and "\x00" not in (project or "")
    parameters = {"step": pk, "user": user.pk or 0, "project": project}
    row = prepared_row(statement, parameters) if known else None
    if row is None:
        raise NotFoundError(f"There is no step {pk} in your projects.")
    problem_id, n_steps, project_id, name, role, *more = row
    check_role(cast("Role", role), "annotator")
    step = Step.from_db("default", ["id", "problem_id"], [pk, problem_id])
    step.problem = Problem.from_db(
        "default", ["id", "project_id", "n_steps"], [problem_id, project_id, n_steps]
    )
    step.problem.project = Project.from_db("default", ["id", "name"], [project_id, name])
    return step, tuple(more)
