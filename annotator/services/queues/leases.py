"""Leases: an item in one person's hands for a while.

A lease reserves one of the item's places, so answers can never be more than the overlap. It ends
with an answer, a skip, a return, or at ``lease_until`` unless a heartbeat moves that. Its fence is
one more than that of the person's lease of the item before; whoever acts says which lease they
mean. Nothing revives a lease that ended: the person takes the item again, and their draft is there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from annotator.errors import ConflictError, InvalidError
from annotator.models import Assignment, Membership, QueueCursor, QueueItem
from annotator.queries.prepared import prepared_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from annotator.models import Queue

NEXT = "SELECT outcome, assignment_id FROM annotator_queue_next(%(queue)s, %(user)s)"
SWEEP = "SELECT annotator_leases_sweep(%s, %s, TRUE)"
SWEPT_AT_ONCE = 1_000
OFFER = "SELECT annotator_items_offer(%s::bigint[], %s)"
GOLD_FREE = "SELECT annotator_gold_free(%s)"
DRAFT_LIMIT = 100_000
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
KEPT = "What you saved is kept, and so is your draft."
# Why ``item_next`` gave nothing, in words for the person who asked.
NOTHING = {
    "nothing": "There is nothing left for you here: every item is done, in somebody else's hands, "
    "or was yours already.",
    "building": "This queue is still being put together. Come back in a moment.",
    "paused": "This queue is paused. A reviewer decides when it goes on.",
    "closed": "This queue is closed.",
    "exam": "This queue opens when you have passed its exam.",
    "stopped": "You are served no items at present. A reviewer will get in touch with you.",
    "stranger": "Your role in this project does not include judging.",
}


@dataclass(frozen=True, slots=True)
class Served:
    """What ``item_next`` found.

    ``outcome`` is "item" or a key of ``NOTHING``; ``paused`` is what a stopped person was told.
    """

    outcome: str
    assignment_id: int | None
    paused: str = ""

    @property
    def reason(self) -> str:
        """Why there is no item, "" if there is one."""
        return self.paused or NOTHING.get(self.outcome, "")


def item_next(*, queue: Queue, user: User) -> Served:
    """Lease the next item of ``queue`` to ``user``; the item in their hands comes first.

    Asking again gives the same item under the same fence until it is answered.
    """
    row = prepared_row(NEXT, {"queue": queue.pk, "user": user.pk})
    outcome, assignment_id = row or ("nothing", None)
    if outcome == "stopped":
        return Served(outcome, None, _paused(queue, user))
    return Served(outcome, assignment_id)


def assignment_heartbeat(*, assignment: Assignment, user: User, fence: int) -> Assignment:
    """Keep a lease: it lasts the queue's lease time from now.

    Raises:
        ConflictError: ``lease_lost``.
    """
    seconds = timedelta(seconds=assignment.item.queue.lease_seconds)
    held = Assignment.objects.filter(
        pk=assignment.pk,
        user=user,
        fence=fence,
        state=Assignment.State.LEASED,
        lease_until__gte=Now(),
    )
    if not held.update(lease_until=Now() + seconds):
        assignment.refresh_from_db(fields=["state", "fence", "lease_until"])
        raise lease_lost(assignment, fence)
    assignment.refresh_from_db(fields=["lease_until"])
    return assignment


def draft_save(*, assignment: Assignment, user: User, draft: Any) -> None:
    """Keep what the person has so far; also after the lease ended, for it is theirs.

    Raises:
        InvalidError: the draft is too large, or holds what PostgreSQL cannot store.
        ConflictError: the item is submitted.
    """
    _draft_check(draft)
    open_rows = Assignment.objects.filter(pk=assignment.pk, user=user)
    if not open_rows.exclude(state=Assignment.State.SUBMITTED).update(draft=draft):
        raise ConflictError("This item is submitted; it has no draft any more.", code="submitted")


@transaction.atomic
def assignment_retake(*, assignment: Assignment, user: User) -> Assignment:
    """Lease an item again whose lease ended, with the draft of before.

    Gold goes as another item would: when the person gave it back, the free places of the item next
    in their order were noted, and it is gone once as many others asked for an item and came past
    that moment in the queue of what was given back.

    Raises:
        ConflictError: ``lease_lost``: others have taken the places meanwhile, it was answered, or
            the person is served nothing at present.
    """
    row = own_locked(assignment=assignment, user=user)
    queue = row.item.queue
    if paused := _paused(queue, user):
        raise ConflictError(f"{paused} {KEPT}", code="lease_lost")
    if row.state == Assignment.State.LEASED:
        late = row.lease_until < timezone.now()
        _lease(row, queue, fence=row.fence + int(late))
        return row
    if row.state not in {Assignment.State.EXPIRED, Assignment.State.RETURNED}:
        raise lease_lost(row, row.fence)
    if queue.state == queue.State.CLOSED:
        raise ConflictError(f"This queue is closed. {KEPT}", code="lease_lost")
    if row.item.reserved_for_id == user.pk:
        items_offer(item_ids=[row.item_id], places=False)
    if not _place_take(row, user):
        reason = f"Others have taken this item meanwhile. {KEPT}"
        raise ConflictError(reason, code="lease_lost")
    _lease(row, queue, fence=row.fence + 1)
    return row


def _place_take(row: Assignment, user: User) -> bool:
    """Take a place of an item that ``user`` gave back, if one is left; one statement either way."""
    if row.item.gold_id is not None:
        with connection.cursor() as cursor:
            cursor.execute(GOLD_FREE, [row.pk])
            return bool(cursor.fetchone()[0])
    free = QueueItem.objects.filter(
        Q(reserved_for=None) | Q(reserved_for=user), pk=row.item_id, open=True
    )
    return bool(free.update(need=F("need") - 1, open=Q(need__gt=1), reserved_for=None))


def _paused(queue: Queue, user: User) -> str:
    """Return what a stopped member was told, "" for everybody else."""
    members = Membership.objects.filter(project=queue.project_id, user=user)
    return members.values_list("paused", flat=True).first() or ""


def own_locked(*, assignment: Assignment, user: User) -> Assignment:
    """Return ``user``'s assignment, locked after their cursor, in the order of the SQL functions."""
    queue = assignment.item.queue_id
    QueueCursor.objects.select_for_update(no_key=True).filter(queue=queue, user=user).first()
    return (
        Assignment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("item__queue__project", "item__problem", "item__trace__end", "item__gold")
        .get(pk=assignment.pk, user=user)
    )


def lease_check(*, assignment: Assignment, fence: int) -> None:
    """Refuse to go on without the lease.

    Args:
        assignment: locked.
        fence: of the lease that the caller means.

    Raises:
        ConflictError: ``lease_lost``.
    """
    held = Assignment.objects.filter(
        pk=assignment.pk, fence=fence, state=Assignment.State.LEASED, lease_until__gte=Now()
    )
    if not held.exists():
        raise lease_lost(assignment, fence)


def lease_lost(assignment: Assignment, fence: int) -> ConflictError:
    """Say what became of the lease that the caller thought to hold."""
    state = Assignment.State(assignment.state)
    if state == Assignment.State.SUBMITTED:
        reason = "You have submitted this item already."
    elif state == Assignment.State.SKIPPED:
        reason = "You have skipped this item."
    elif state == Assignment.State.LEASED and assignment.fence != fence:
        reason = f"You took this item again in another window. {KEPT} Reload this page."
    else:
        when = timezone.localtime(assignment.lease_until).strftime("%H:%M")
        ended = (
            "You put this item back."
            if state == Assignment.State.RETURNED
            else assignment.reason or f"Your lease of this item ended at {when}."
        )
        reason = f"{ended} {KEPT} Take it again if nobody else has it."
    return ConflictError(reason, code="lease_lost")


def leases_sweep() -> None:
    """End every lease that ran out, queue by queue.

    ``item_next`` does it for its own queue; this is for queues in which nobody asks.
    """
    late = Assignment.objects.filter(state=Assignment.State.LEASED, lease_until__lt=Now())
    queues = late.order_by("item__queue").values_list("item__queue", flat=True).distinct()
    for queue in queues:
        with connection.cursor() as cursor:
            cursor.execute(SWEEP, [queue, SWEPT_AT_ONCE])


def items_offer(*, item_ids: Iterable[int], places: bool = True) -> None:
    """Offer items again: give a place back for each id, or only let people look at them anew.

    Gold counts as given back with the others, so that nobody can tell it by what happens next.

    Call it inside the transaction that ends the leases, after their rows are locked.
    """
    ids = list(item_ids)
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(OFFER, [ids, places])


def _lease(row: Assignment, queue: Queue, *, fence: int) -> None:
    Assignment.objects.filter(pk=row.pk).update(
        state=Assignment.State.LEASED,
        fence=fence,
        lease_until=Now() + timedelta(seconds=queue.lease_seconds),
        finished=None,
        reason="",
        freed=None,
        places=None,
    )
    row.refresh_from_db(fields=["state", "fence", "lease_until", "finished", "reason"])


def _draft_check(draft: Any) -> None:
    reason = ""
    try:
        text = json.dumps(draft, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        text, reason = "", "A draft is JSON of whole characters and finite numbers, not too deep."
    if len(text) > DRAFT_LIMIT:
        reason = f"A draft has at most {DRAFT_LIMIT:,} characters, not {len(text):,}."
    elif NUL.search(text):
        reason = "A draft cannot hold the character NUL."
    if reason:
        raise InvalidError(reason, fields={"draft": reason})
