"""The log of judgements: append an event, replay one, take one back; the current row follows.

``judgement_record`` is the way of every judgement but the hot one (``labels.label_set``, which
does the same in one statement). Reading the state of a target locks the row, so that ``before``
is what the event really replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from annotator.errors import ConflictError
from annotator.models import JudgementEvent
from annotator.services.history.layout import State, Target
from annotator.services.history.projections import PROJECTIONS

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

# The server sets these: a retry may meet newer guidelines or other rights; it is the same request.
NOT_COMPARED = ("guideline", "shown_score")


def target_of(event: JudgementEvent) -> Target:
    """Return what ``event`` is about."""
    key = {name: event.payload.get(name) for name in PROJECTIONS[event.kind].key}
    return Target(
        kind=event.kind,
        project_id=event.project_id,
        problem_id=event.problem_id,
        rater_id=event.rater_id,
        step_id=event.step_id,
        trace_id=event.trace_id,
        key=key,
    )


def event_replayed(
    *, target: Target, state: State | None, user: User | None, idempotency_key: UUID | None
) -> JudgementEvent | None:
    """Return the event that was stored under ``idempotency_key``, if it is this very request.

    Raises:
        ConflictError: the key was used by somebody else or for something else.
    """
    if idempotency_key is None:
        return None
    event = JudgementEvent.objects.filter(idempotency_key=idempotency_key).first()
    if event is None:
        return None
    same = (
        event.user_id == (user.pk if user else None)
        and event.kind == target.kind
        and (event.step_id, event.trace_id) == (target.step_id, target.trace_id)
        and event.problem_id == target.problem_id
        and _compared(event.payload) == _compared(target.payload(state))
    )
    if not same:
        raise key_used()
    return event


def key_used() -> ConflictError:
    """Return the error of an idempotency key that belongs to something else."""
    return ConflictError(
        "This idempotency key was already used for another judgement; send a new key with a new judgement.",
        code="idempotency_key_used",
    )


@transaction.atomic
def judgement_record(
    *,
    target: Target,
    state: State | None,
    user: User | None,
    idempotency_key: UUID | None = None,
    undoes: JudgementEvent | None = None,
    action: UUID | None = None,
) -> tuple[JudgementEvent, bool]:
    """Append an event that brings ``target`` to ``state`` (None = no row) and update the row.

    Events that share an ``action`` are undone together. No user: nobody said it, a checker did.

    Returns:
        The event, and whether it is the replay of a request that was stored before.

    Raises:
        ConflictError: the idempotency key belongs to another request.
    """
    known = event_replayed(target=target, state=state, user=user, idempotency_key=idempotency_key)
    if known is not None:
        return known, True
    projection = PROJECTIONS[target.kind]
    before = projection.read(target)
    event = JudgementEvent(
        project_id=target.project_id,
        problem_id=target.problem_id,
        kind=target.kind,
        rater_id=target.rater_id,
        user=user,
        step_id=target.step_id,
        trace_id=target.trace_id,
        payload=target.payload(state),
        before=before,
        undoes=undoes,
        idempotency_key=idempotency_key,
        action=action,
    )
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        # The same key arrived twice at once and the other request was first.
        known = event_replayed(
            target=target, state=state, user=user, idempotency_key=idempotency_key
        )
        if known is None:
            raise
        return known, True
    projection.write(target, event.pk, state)
    return event, False


@transaction.atomic
def judgement_withdraw(
    *, target: Target, user: User, idempotency_key: UUID | None = None
) -> tuple[JudgementEvent, bool] | None:
    """Take back what stands at ``target``, as an event; None = there is nothing to take back.

    Raises:
        ConflictError: the idempotency key belongs to another request.
    """
    known = event_replayed(target=target, state=None, user=user, idempotency_key=idempotency_key)
    if known is not None:
        return known, True
    if PROJECTIONS[target.kind].read(target) is None:
        return None
    return judgement_record(target=target, state=None, user=user, idempotency_key=idempotency_key)


def _compared(payload: State) -> State:
    return {name: value for name, value in payload.items() if name not in NOT_COMPARED}
