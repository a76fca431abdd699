"""Span labels: runs of steps judged as one unit, each judgement an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import InvalidError, NotFoundError
from annotator.models import (
    JudgementEvent,
    SpanLabel,
    Step,
)
from annotator.services.history.events import judgement_record, judgement_withdraw
from annotator.services.history.layout import (
    State,
    Target,
    milliseconds_checked,
    note_checked,
    rating_checked,
)
from annotator.services.judgements.error_types import error_type_check
from annotator.services.judgements.labels import guideline_number
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class SpanResult:
    """The current span label (None = cleared), the event, and whether it is a replay."""

    span: SpanLabel | None
    event_id: int
    replayed: bool = False


def span_label_set(
    *,
    first: Step,
    last: Step,
    user: User,
    rating: int | None,
    error_type: str = "",
    note: str = "",
    milliseconds: int | None = None,
    idempotency_key: UUID | None = None,
) -> SpanResult:
    """Judge the steps ``first`` … ``last`` of one path as one unit, in ``milliseconds`` of time.

    Raises:
        InvalidError: ``last`` is not ``first`` or below it, or a value outside the scheme.
        ConflictError: the key was used by somebody else or for another judgement.
    """
    span_check(first=first, last=last)
    project = first.problem.project
    target = _span_target(first, last, rater_for_user(project=project, user=user).pk)
    current = _span_of(target)
    kept = current.error_type.key if current is not None and current.error_type is not None else ""
    error_type_check(project_id=project.pk, key=error_type, kept=kept)
    state: State = {
        "rating": rating_checked(rating),
        "error_type": error_type,
        "note": note_checked(note),
        "milliseconds": milliseconds_checked(milliseconds),
        "guideline": guideline_number(project.pk),
    }
    event, replayed = judgement_record(
        target=target, state=state, user=user, idempotency_key=idempotency_key
    )
    return SpanResult(_span_of(target), event.pk, replayed)


def span_check(*, first: Step, last: Step) -> None:
    """Refuse two steps between which no path runs.

    Raises:
        InvalidError: ``last`` is not ``first`` or below it.
    """
    inside = first.preorder <= last.preorder < first.subtree_end
    if first.problem_id != last.problem_id or not inside:
        message = (
            "A span is a run of consecutive steps: its last step must be its first or below it."
        )
        raise InvalidError(message, fields={"last": message})


def span_label_clear(
    *, first: Step, last: Step, user: User, idempotency_key: UUID | None = None
) -> SpanResult:
    """Take ``user``'s judgement of the span back, as an event.

    Raises:
        NotFoundError: there is none.
        ConflictError: the key was used by somebody else or for another judgement.
    """
    rater = rater_for_user(project=first.problem.project, user=user)
    target = _span_target(first, last, rater.pk)
    done = judgement_withdraw(target=target, user=user, idempotency_key=idempotency_key)
    if done is None:
        raise NotFoundError("You have not judged these steps as one unit.")
    event, replayed = done
    return SpanResult(_span_of(target), event.pk, replayed)


def _span_target(first: Step, last: Step, rater_id: int) -> Target:
    return Target(
        kind=JudgementEvent.Kind.SPAN_LABEL,
        project_id=first.problem.project_id,
        problem_id=first.problem_id,
        rater_id=rater_id,
        step_id=first.pk,
        key={"first": first.pk, "last": last.pk},
    )


def _span_of(target: Target) -> SpanLabel | None:
    return SpanLabel.objects.filter(
        first=target.key["first"], last=target.key["last"], rater=target.rater_id, source=None
    ).first()
