"""How a person ended the judging of a trace, or of a problem as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import InvalidError
from annotator.models import JudgementEvent, Submission
from annotator.services.history.events import judgement_record, judgement_withdraw
from annotator.services.history.layout import State, Target, milliseconds_checked, text_checked
from annotator.services.judgements.labels import guideline_number
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.models import Problem, Trace

NEEDS_NOTE = (Submission.Reason.GIVE_UP, Submission.Reason.BAD_PROBLEM)


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """The current submission (None = taken back), the event, and whether it is a replay."""

    submission: Submission | None
    event_id: int | None
    replayed: bool = False


def submission_set(
    *,
    problem: Problem,
    trace: Trace | None,
    user: User,
    reason: str,
    note: str = "",
    milliseconds: int | None = None,
    idempotency_key: UUID | None = None,
) -> SubmissionResult:
    """Record how ``user`` ended the judging of ``trace`` (None = the whole problem).

    Raises:
        InvalidError: an unknown reason, a give-up or a bad problem without a note, or a trace of
            another problem.
        ConflictError: the key was used by somebody else or for another judgement.
    """
    if reason not in Submission.Reason.values:
        message = f"A reason is one of {', '.join(Submission.Reason.values)}, not '{reason}'."
        raise InvalidError(message, fields={"reason": message})
    if trace is not None and trace.problem_id != problem.pk:
        message = "This trace belongs to another problem."
        raise InvalidError(message, fields={"trace": message})
    clean = text_checked(note.strip(), "note")
    if reason in NEEDS_NOTE and not clean:
        message = "Say in a few words why; a reviewer reads it."
        raise InvalidError(message, fields={"note": message})
    state: State = {
        "reason": reason,
        "note": clean,
        "milliseconds": milliseconds_checked(milliseconds),
        "guideline": guideline_number(problem.project_id),
    }
    target = _target(problem, trace, rater_for_user(project=problem.project, user=user).pk)
    event, replayed = judgement_record(
        target=target, state=state, user=user, idempotency_key=idempotency_key
    )
    return SubmissionResult(_row(target), event.pk, replayed)


def submission_clear(
    *,
    problem: Problem,
    trace: Trace | None,
    user: User,
    idempotency_key: UUID | None = None,
) -> SubmissionResult:
    """Take ``user``'s submission back, as an event; nothing to take back is no event.

    Raises:
        ConflictError: the key was used by somebody else or for another judgement.
    """
    target = _target(problem, trace, rater_for_user(project=problem.project, user=user).pk)
    done = judgement_withdraw(target=target, user=user, idempotency_key=idempotency_key)
    if done is None:
        return SubmissionResult(None, None)
    event, replayed = done
    return SubmissionResult(_row(target), event.pk, replayed)


def _target(problem: Problem, trace: Trace | None, rater_id: int) -> Target:
    return Target(
        kind=JudgementEvent.Kind.SUBMISSION,
        project_id=problem.project_id,
        problem_id=problem.pk,
        rater_id=rater_id,
        trace_id=trace.pk if trace is not None else None,
    )


def _row(target: Target) -> Submission | None:
    return Submission.objects.filter(
        problem=target.problem_id, trace=target.trace_id, rater=target.rater_id
    ).first()
