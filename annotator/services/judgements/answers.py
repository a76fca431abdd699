"""Outcomes of traces from their final answers, as a checker finds them; each an event of the checker's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from annotator.models import JudgementEvent, Outcome, Trace
from annotator.services.history.events import judgement_record
from annotator.services.history.layout import Target
from annotator.services.judgements.outcomes import outcome_name_checked
from annotator.services.people.raters import rater_get_or_create
from scoring.verify.answers import AnswerChecker, library_version
from scoring.verify.arithmetic import Verdict
from scoring.verify.registry import checker

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotator.models import Project, Rater

CHECKER = "math_verify"
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
        kept: traces that had the outcome already, from elsewhere.
        without_reference: traces of problems that have no reference answer.
    """

    outcome: str
    right: int = 0
    wrong: int = 0
    unread: int = 0
    late: int = 0
    kept: int = 0
    without_reference: int = 0

    def as_dict(self) -> dict[str, str | int]:
        """Return it as plain JSON."""
        return asdict(self)


def answers_check(
    *,
    project: Project,
    name: str = "",
    replace: bool = False,
    seconds: float = 5.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> AnswersReport:
    """Compare the last step of every trace with the reference and store 1 or 0 as its outcome.

    What a check of the same version wrote before is not written again, so it can be repeated after an
    import, and goes on where it was broken off.

    Args:
        project: its traces are checked.
        name: of the outcome; "" = the project's primary one.
        replace: also where the trace has the outcome from elsewhere.
        seconds: limit of one comparison.
        on_progress: told traces done and in all.

    Raises:
        InvalidError: the name cannot be an outcome's.
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
            _check(trace, asked, report, rater, source, replace=replace)
            if on_progress is not None:
                on_progress(done, total)
        report.late = asked.late
    return report


def _check(
    trace: Trace,
    asked: AnswerChecker,
    report: AnswersReport,
    rater: Rater,
    source: str,
    *,
    replace: bool,
) -> None:
    if not trace.problem.reference.strip():
        report.without_reference += 1
        return
    known = Outcome.objects.filter(trace=trace, name=report.outcome).first()
    mine = known is not None and known.source == source
    if known is not None and known.value is not None and not mine and not replace:
        report.kept += 1
        return
    value = known.value if known is not None and mine else _value(trace, asked)
    report.right += value == 1.0
    report.wrong += value == 0.0
    report.unread += value is None
    if value is None or mine:
        return
    target = Target(
        kind=JudgementEvent.Kind.OUTCOME,
        project_id=rater.project_id,
        problem_id=trace.problem_id,
        rater_id=rater.pk,
        trace_id=trace.pk,
        key={"name": report.outcome},
    )
    judgement_record(target=target, state={"value": value, "source": source}, user=None)


def _value(trace: Trace, asked: AnswerChecker) -> float | None:
    return VALUES.get(asked.check(trace.end.text, trace.problem.reference))
