"""What reviewers and owners do with a queue, and what happens when a member goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models.functions import Now

from annotator.errors import ConflictError, InvalidError
from annotator.models import Assignment, Membership, Queue, QueueItem
from annotator.services.queues.leases import items_offer

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Project

JUDGING_ROLES = ("owner", "reviewer", "annotator")
# Another queue that is not closed and shares an item with the queue, where one of them is an exam.
SHARES = """
SELECT other.name
FROM annotator_queue q
JOIN annotator_queue other ON other.project_id = q.project_id AND other.id <> q.id
    AND other.state <> 'closed' AND (other.is_exam OR q.is_exam)
    AND (other.task = q.task
         OR other.task IN ('first_error', 'all_steps') AND q.task IN ('first_error', 'all_steps'))
WHERE q.id = %(queue)s AND EXISTS (
    SELECT FROM annotator_queueitem a JOIN annotator_queueitem b ON b.problem_id = a.problem_id
        AND b.trace_id IS NOT DISTINCT FROM a.trace_id
        AND b.parent_id IS NOT DISTINCT FROM a.parent_id
    WHERE a.queue_id = q.id AND b.queue_id = other.id)
LIMIT 1
"""


@transaction.atomic
def queue_state_set(*, queue: Queue, state: str) -> Queue:
    """Open, pause or close a queue. What people hold may still be submitted.

    Raises:
        InvalidError: no such state.
        ConflictError: while it was closed, its items went to an exam, or were an exam's and went
            to another queue.
    """
    if state not in Queue.State.values:
        reason = f"A queue is {', '.join(Queue.State.values)}, not '{state}'."
        raise InvalidError(reason, fields={"state": reason})
    locked = Queue.objects.select_for_update(no_key=True).get(pk=queue.pk)
    if locked.state == Queue.State.CLOSED != state and (other := _shares_with(queue)):
        reason = (
            f"'{queue.name}' and '{other}' have items in common, and one of them is an exam, which "
            "shares none. Close the other one first, or make this queue again."
        )
        raise ConflictError(reason, code="exam_shared")
    Queue.objects.filter(pk=queue.pk).update(state=state)
    queue.state = state
    return queue


def _shares_with(queue: Queue) -> str:
    with connection.cursor() as cursor:
        cursor.execute(SHARES, {"queue": queue.pk})
        row = cursor.fetchone()
    return row[0] if row else ""


@transaction.atomic
def queue_delete(*, queue: Queue) -> None:
    """Delete a queue that nobody has worked in; judgements never depend on a queue.

    Raises:
        ConflictError: somebody has; close it instead.
    """
    Queue.objects.select_for_update().get(pk=queue.pk)
    if Assignment.objects.filter(item__queue=queue).exists():
        reason = f"People have worked in '{queue.name}'. Close it instead: its record stays."
        raise ConflictError(reason, code="queue_in_use")
    queue.delete()


@transaction.atomic
def item_assign(*, item: QueueItem, to: User, instead_of: Assignment | None = None) -> QueueItem:
    """Keep an item for one member, who is served it next.

    Args:
        item: of a queue.
        to: the member.
        instead_of: a lease of the item to end; its draft stays with the person who had it.

    Raises:
        ConflictError: a gold item; the member has or had it; every place is taken.
        InvalidError: not a member who judges, or one who is stopped.
    """
    member = Membership.objects.filter(project=item.queue.project_id, user=to).first()
    _check_may_get(item, to, member)
    if instead_of is not None:
        ended = _leases_end(
            [instead_of.pk], reason=f"A reviewer gave this item to {to.get_username()}."
        )
        items_offer(item_ids=ended)
    # The queue comes before its items; its new version lets people look at the item again later.
    items_offer(item_ids=[item.pk], places=False)
    if not QueueItem.objects.filter(pk=item.pk, open=True).update(reserved_for=to):
        reason = "Every place of this item is taken; end somebody's lease to make one free."
        raise ConflictError(reason, code="item_full")
    item.refresh_from_db()
    return item


@transaction.atomic
def member_leases_return(*, project: Project, user_id: int, reason: str) -> int:
    """Give everything back that a member holds or that is kept for them; return how many leases.

    What they saved stays theirs; a submit under such a lease is told ``reason``.
    """
    held = Assignment.objects.filter(
        user=user_id, state=Assignment.State.LEASED, item__queue__project=project
    )
    ended = _leases_end(list(held.values_list("pk", flat=True)), reason=reason)
    items_offer(item_ids=ended)
    kept = QueueItem.objects.filter(reserved_for=user_id, queue__project=project)
    items_offer(item_ids=list(kept.values_list("pk", flat=True)), places=False)
    kept.update(reserved_for=None)
    return len(ended)


def _leases_end(ids: list[int], *, reason: str) -> list[int]:
    """End leases and return their items; one that just ended otherwise is left out."""
    rows = Assignment.objects.select_for_update(no_key=True).filter(
        pk__in=ids, state=Assignment.State.LEASED
    )
    found = list(rows.order_by("pk").values_list("pk", "item"))
    Assignment.objects.filter(pk__in=[pk for pk, _ in found]).update(
        state=Assignment.State.EXPIRED, finished=Now(), reason=reason
    )
    return [item for _, item in found]


def _check_may_get(item: QueueItem, to: User, member: Membership | None) -> None:
    name = to.get_username()
    if member is None or member.role not in JUDGING_ROLES or member.paused:
        reason = f"'{name}' is not a member who is served items at present."
        raise InvalidError(reason, fields={"user": reason})
    if item.gold_id is not None:
        reason = "This item is gold: everybody gets it, so it cannot be kept for one person."
        raise ConflictError(reason, code="item_gold")
    known = Assignment.objects.filter(item=item, user=to).exclude(
        state__in=[Assignment.State.EXPIRED, Assignment.State.RETURNED]
    )
    before = known.first()
    if before is not None:
        reason = f"'{name}' has had this item: {before.get_state_display().lower()}."
        raise ConflictError(reason, code="item_known")
