"""How an item leaves a person's hands: submitted, skipped or put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from annotator.errors import InvalidError
from annotator.models import Assignment, QueueCursor
from annotator.queries.queues.gates import RATING_TASKS
from annotator.services.history.layout import milliseconds_checked, text_checked
from annotator.services.judgements.submissions import submission_set
from annotator.services.people.raters import rater_for_user
from annotator.services.quality.exams import exam_settle
from annotator.services.queues.checks import gold_check
from annotator.services.queues.leases import items_offer, lease_check, own_locked
from annotator.services.queues.work import given_up, work_missing, work_reason

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

REASON_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """The assignment as it is now, and whether the request had been carried out before."""

    assignment: Assignment
    replayed: bool = False


@transaction.atomic
def assignment_submit(
    *,
    assignment: Assignment,
    user: User,
    fence: int,
    milliseconds: int | None = None,
    idempotency_key: UUID | None = None,
) -> AnswerResult:
    """Accept ``user``'s answer to an item. Their judgements are stored already; this counts them.

    Submitting twice under one fence is one answer. Ratings also get a ``submission`` event with
    where the person stopped, so the event log alone says who answered what.

    Args:
        assignment: of the person.
        user: the person.
        fence: of the lease they worked under.
        milliseconds: time spent on the item.
        idempotency_key: of the submission event.

    Raises:
        ConflictError: ``lease_lost``; judgements and draft are kept.
        InvalidError: ``work_missing``: the sentence says what; or a time that is none.
    """
    spent = milliseconds_checked(milliseconds)
    row = own_locked(assignment=assignment, user=user)
    if row.state == Assignment.State.SUBMITTED and row.fence == fence:
        return AnswerResult(row, replayed=True)
    lease_check(assignment=row, fence=fence)
    item, queue = row.item, row.item.queue
    item.problem.project = queue.project
    rater = rater_for_user(project=queue.project, user=user)
    missing = work_missing(item=item, task=queue.task, rater_id=rater.pk)
    if missing:
        raise InvalidError(missing, code="work_missing")
    if queue.task in RATING_TASKS:
        _submission_keep(row, user, rater.pk, spent, idempotency_key)
    _finish(row, Assignment.State.SUBMITTED, milliseconds=spent, draft=None)
    QueueCursor.objects.filter(queue=queue, user=user).update(
        submitted=F("submitted") + 1, gold=F("gold") + int(item.gold_id is not None)
    )
    gold_check(assignment=row, rater_id=rater.pk)
    exam_settle(queue=queue, user=user)
    return AnswerResult(row)


@transaction.atomic
def assignment_skip(*, assignment: Assignment, user: User, fence: int, reason: str) -> AnswerResult:
    """Leave an item to others; the same person is not served it again.

    Raises:
        ConflictError: ``lease_lost``.
        InvalidError: no reason.
    """
    said = text_checked(reason.strip(), "reason", limit=REASON_LIMIT)
    if not said:
        message = "Say in a few words why you skip this item; a reviewer reads it."
        raise InvalidError(message, fields={"reason": message})
    result = _give_up_place(assignment, user, fence, Assignment.State.SKIPPED, said)
    if not result.replayed:
        QueueCursor.objects.filter(queue=assignment.item.queue_id, user=user).update(
            skipped=F("skipped") + 1
        )
        exam_settle(queue=assignment.item.queue, user=user)
    return result


@transaction.atomic
def assignment_return(*, assignment: Assignment, user: User, fence: int) -> AnswerResult:
    """Put an item back; the same person gets it again when nothing else is left.

    Raises:
        ConflictError: ``lease_lost``.
    """
    return _give_up_place(assignment, user, fence, Assignment.State.RETURNED, "")


def _give_up_place(
    assignment: Assignment, user: User, fence: int, state: Assignment.State, reason: str
) -> AnswerResult:
    row = own_locked(assignment=assignment, user=user)
    if row.state == state and row.fence == fence:
        return AnswerResult(row, replayed=True)
    lease_check(assignment=row, fence=fence)
    _finish(row, state, reason=reason)
    items_offer(item_ids=[row.item_id])
    return AnswerResult(row)


def _finish(row: Assignment, state: Assignment.State, **columns: object) -> None:
    Assignment.objects.filter(pk=row.pk).update(state=state, finished=Now(), **columns)
    row.refresh_from_db(fields=["state", "finished", *columns])


def _submission_keep(
    row: Assignment, user: User, rater_id: int, spent: int | None, key: UUID | None
) -> None:
    """Record where the person stopped, unless they gave up or called the problem faulty."""
    item = row.item
    if not given_up(item=item, rater_id=rater_id):
        submission_set(
            problem=item.problem,
            trace=item.trace,
            user=user,
            reason=work_reason(item=item, rater_id=rater_id),
            milliseconds=spent,
            idempotency_key=key,
        )
