"""Stored reports: the newest of a scope, how old it is, and what its numbers speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.models import (
    AgreementReport,
    Job,
    JudgementEvent,
    Problem,
    Project,
    Rater,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.queries.agreement.scope import Scope

COUNT_LIMIT = 10_000
OPEN = (Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True, slots=True)
class AgreementState:
    """What is known of a scope now.

    Attributes:
        report: the newest one, None = there was none yet.
        version: the project's newest event.
        gold_changes: the project's count of changes of gold, which decides whose answers count.
        newer: events that the report does not know, at most ``COUNT_LIMIT`` + 1.
        job: the newest computation of the scope, None = there was none.
    """

    report: AgreementReport | None
    version: int
    gold_changes: int
    newer: int
    job: Job | None

    @property
    def is_fresh(self) -> bool:
        """Whether the report knows every judgement and all gold."""
        report = self.report
        return report is not None and report.version >= self.version and not self.gold_changed

    @property
    def gold_changed(self) -> bool:
        """Whether gold was made, changed or retired since the report."""
        return self.report is not None and self.report.gold_changes < self.gold_changes

    @property
    def is_open(self) -> bool:
        """Whether a computation waits or runs."""
        return self.job is not None and self.job.state in OPEN

    @property
    def stopped(self) -> Job | None:
        """The newest computation if it failed or was cancelled and nothing has changed since."""
        job = self.job
        if job is None or self.is_fresh or job.state not in {Job.State.FAILED, Job.State.CANCELLED}:
            return None
        known = job.args["version"], job.args.get("gold_changes", 0)
        return job if known >= (self.version, self.gold_changes) else None


def agreement_state(*, project: Project, scope: Scope) -> AgreementState:
    """Return the newest report of ``scope`` and what has happened since."""
    version, gold_changes = newest_event(project=project), gold_changes_of(project=project)
    report = (
        AgreementReport.objects.filter(project=project, scope_hash=scope.hash)
        .order_by("-version")
        .first()
    )
    newer = 0
    if report is not None and report.version < version:
        events = JudgementEvent.objects.filter(project=project, pk__gt=report.version)
        newer = events[: COUNT_LIMIT + 1].count()
    job = (
        Job.objects.filter(project=project, kind=Job.Kind.AGREEMENT, args__scope_hash=scope.hash)
        .select_related("project")
        .order_by("-pk")
        .first()
    )
    return AgreementState(report, version, gold_changes, newer, job)


def newest_event(*, project: Project) -> int:
    """Return the id of the project's newest judgement event, 0 = none."""
    events = JudgementEvent.objects.filter(project=project).order_by("-pk")
    return events.values_list("pk", flat=True).first() or 0


def gold_changes_of(*, project: Project) -> int:
    """Return how often gold of the project was made, changed or retired so far."""
    return Project.objects.values_list("gold_changes", flat=True).get(pk=project.pk)


def raters_of_report(*, report: AgreementReport) -> list[Rater]:
    """Return everybody who judged anything in ``report``, by name."""
    rows = Rater.objects.filter(project=report.project_id, pk__in=report.payload["raters"])
    return list(rows.order_by("name", "pk"))


def steps_named(*, project: Project, ids: Iterable[int]) -> dict[int, Step]:
    """Return steps of ``project`` by id, each with its problem."""
    rows = Step.objects.filter(problem__project=project, pk__in=set(ids))
    return {step.pk: step for step in rows.select_related("problem")}


def problems_named(*, project: Project, ids: Iterable[int]) -> dict[int, Problem]:
    """Return problems of ``project`` by id."""
    return Problem.objects.filter(project=project).in_bulk(set(ids))
