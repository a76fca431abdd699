"""Outcomes of traces from their final answers, as a checker finds them; each an event of the checker's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from annotator.errors import ConflictError
from annotator.models import Job, JudgementEvent, Outcome, Project, Trace
from annotator.queries.judgements.answers import open_answers_job, references_exist
from annotator.services.history.events import judgement_record
from annotator.services.history.layout import Target
from annotator.services.jobs import job_create, job_hold
from annotator.services.judgements.outcomes import outcome_name_checked
from annotator.services.people.raters import rater_get_or_create
from scoring.verify.answers import AnswerChecker, library_version
from scoring.verify.arithmetic import Verdict
from scoring.verify.registry import checker

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from annotator.models import Rater

CHECKER = "math_verify"
NO_REFERENCE = (
    "No problem of this project has a reference answer, so there is nothing to compare with. Import the "
    "problems with their reference answers first; docs/formats.md says where each format has them."
)
VALUES = {Verdict.TRUE: 1.0, Verdict.FALSE: 0.0}


@dataclass(slots=True)
class AnswersReport:
    """What a check found.

    Attributes:
        outcome: which outcome was written.
        right: traces whose answer is the reference's.
        wrong: those with another one.
        unread: those without a verdict: nothing to read in answer or reference, or no time.
        late: comparisons among them that took too long or too much memory.
        unchanged: of the right and wrong ones, those whose verdict an earlier check had stored.
        kept: traces that had the outcome already, from elsewhere.
        without_reference: traces of problems that have no reference answer.
    """

    outcome: str
    right: int = 0
    wrong: int = 0
    unread: int = 0
    late: int = 0
    unchanged: int = 0
    kept: int = 0
    without_reference: int = 0

    def as_dict(self) -> dict[str, str | int]:
        """Return it as plain JSON."""
        return asdict(self)


@transaction.atomic
def answers_request(
    *, project: Project, user: User | None, name: str = "", replace: bool = False
) -> Job:
    """Queue the check of every trace's final answer.

    Args:
        project: its traces are checked.
        user: who asks.
        name: of the outcome that is written; "" = the project's primary one.
        replace: also where the trace has the outcome from elsewhere.

    Raises:
        InvalidError: the name cannot be an outcome's.
        ConflictError: no problem has a reference answer (``no_references``), or such a job is open
            already (``job_open``).
    """
    outcome = outcome_name_checked(name or project.primary_outcome)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # one request at a time
    if (same := open_answers_job(project=project)) is not None:
        reason = f"Job {same.pk} checks the final answers of this project already."
        raise ConflictError(reason, code="job_open")
    if not references_exist(project=project):
        raise ConflictError(NO_REFERENCE, code="no_references")
    args = {"name": outcome, "replace": replace}
    return job_create(project=project, kind=Job.Kind.ANSWERS, args=args, user=user)


def answers_check(
    *,
    project: Project,
    name: str = "",
    replace: bool = False,
    seconds: float = 5.0,
    on_progress: Callable[[int, int], None] | None = None,
    on_saved: Callable[[], None] | None = None,
    job: Job | None = None,
) -> AnswersReport:
    """Compare the last step of every trace with the reference and store 1 or 0 as its outcome.

    What a check of the same version wrote before is not written again, so it can be repeated after an
    import, and goes on where it was broken off.

    Args:
        project: its traces are checked.
        name: of the outcome; "" = the project's primary one.
        replace: also where the trace has the outcome from elsewhere.
        seconds: limit of one comparison.
        on_progress: told traces done and in all; may raise to stop.
        on_saved: told that a verdict is stored.
        job: whose holder checks, None = a command.

    Raises:
        InvalidError: the name cannot be an outcome's.
        CheckerError: computer algebra cannot be started.
        FencedOutError: another worker has the job.
    """
    name = outcome_name_checked(name or project.primary_outcome)
    row = checker(CHECKER)
    version = f"{row.version}/{library_version()}"
    source = f"checker:{row.key} {version}"
    rater = rater_get_or_create(
        project=project, kind="machine", name=f"checker:{row.key}", version=version
    )
    traces = Trace.objects.filter(problem__project=project)
    total = traces.count()
    report = AnswersReport(name)
    with AnswerChecker(seconds) as asked:
        ordered = traces.select_related("problem", "end").order_by("problem_id", "ordinal")
        for done, trace in enumerate(ordered.iterator(500), start=1):
            found = _check(trace, asked, report, source, replace=replace)
            if found is not None:
                _store(trace, found, report.outcome, rater, source, job)
                if on_saved is not None:
                    on_saved()
            if on_progress is not None:
                on_progress(done, total)
        report.late = asked.late
    return report


def _check(
    trace: Trace,
    asked: AnswerChecker,
    report: AnswersReport,
    source: str,
    *,
    replace: bool,
) -> float | None:
    """Count a trace; return its new outcome, None where nothing is to be written."""
    if not trace.problem.reference.strip():
        report.without_reference += 1
        return None
    known = Outcome.objects.filter(trace=trace, name=report.outcome).first()
    mine = known is not None and known.source == source
    if known is not None and known.value is not None and not mine and not replace:
        report.kept += 1
        return None
    value = known.value if known is not None and mine else _value(trace, asked)
    report.right += value == 1.0
    report.wrong += value == 0.0
    report.unread += value is None
    report.unchanged += mine and value is not None
    return None if mine else value


@transaction.atomic
def _store(
    trace: Trace, value: float, name: str, rater: Rater, source: str, job: Job | None
) -> None:
    if job is not None:
        job_hold(job=job)
    target = Target(
        kind=JudgementEvent.Kind.OUTCOME,
        project_id=rater.project_id,
        problem_id=trace.problem_id,
        rater_id=rater.pk,
        trace_id=trace.pk,
        key={"name": name},
    )
    judgement_record(target=target, state={"value": value, "source": source}, user=None)


def _value(trace: Trace, asked: AnswerChecker) -> float | None:
    return VALUES.get(asked.check(trace.end.text, trace.problem.reference))
