"""From events to current rows: append an event and bring the row it is about up to date.

``judgement_record`` is the way of every judgement but the hot one (``labels.label_set``, which
does the same in one statement). A target is what one event is about; reading its state locks the
row, so that ``before`` is what the event really replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotator.errors import ConflictError
from annotator.models import (
    Alternative,
    ErrorType,
    GuidelineVersion,
    JudgementEvent,
    Outcome,
    SpanLabel,
    StepLabel,
    Trace,
)
from annotator.services.judgements import (
    ALTERNATIVE_DEFAULTS,
    LABEL_DEFAULTS,
    OUTCOME_DEFAULTS,
    SPAN_DEFAULTS,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.contrib.auth.models import User

Kind = JudgementEvent.Kind
# A retry may carry a newer guideline version than the first try; that is the same request.
NOT_COMPARED = ("guideline",)


@dataclass(frozen=True, slots=True)
class Target:
    """What one event is about: a row of a projection, whether it exists or not.

    ``key`` holds the part of the row's identity that is in the payload (see ``judgements``).
    """

    kind: str
    project_id: int
    problem_id: int
    rater_id: int | None = None
    step_id: int | None = None
    trace_id: int | None = None
    key: State = field(default_factory=dict)

    def payload(self, state: State | None) -> State:
        """Return what an event that brings the target to ``state`` carries."""
        return {**self.key, **(state if state is not None else {"cleared": True})}


def target_of(event: JudgementEvent) -> Target:
    """Return what ``event`` is about."""
    key = {name: event.payload[name] for name in PROJECTIONS[event.kind].key}
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
    *, target: Target, state: State | None, user: User, idempotency_key: UUID | None
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
        event.user_id == user.pk
        and event.kind == target.kind
        and (event.step_id, event.trace_id) == (target.step_id, target.trace_id)
        and event.problem_id == target.problem_id
        and _compared(event.payload) == _compared(target.payload(state))
    )
    if not same:
        raise ConflictError(
            "This idempotency key was already used for another judgement; send a new key with a new judgement.",
            code="idempotency_key_used",
        )
    return event


@transaction.atomic
def judgement_record(
    *,
    target: Target,
    state: State | None,
    user: User,
    idempotency_key: UUID | None = None,
    undoes: JudgementEvent | None = None,
) -> tuple[JudgementEvent, bool]:
    """Append an event that brings ``target`` to ``state`` (None = no row) and update the row.

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


def state_of_label(label: StepLabel) -> State:
    """Return a label row as the state of its event."""
    return {
        **{name: getattr(label, name) for name in LABEL_DEFAULTS},
        "error_type": label.error_type.key if label.error_type else "",
        "guideline": label.guideline.number if label.guideline else None,
    }


def state_of_span(span: SpanLabel) -> State:
    """Return a span label row as the state of its event."""
    return {
        "rating": span.rating,
        "error_type": span.error_type.key if span.error_type else "",
        "note": span.note,
        "guideline": span.guideline.number if span.guideline else None,
    }


def scheme_columns(project_id: int, state: State) -> dict[str, Any]:
    """Turn the state's error type key and guideline number into the rows they name."""
    key, number = state.get("error_type", ""), state.get("guideline")
    return {
        "error_type": ErrorType.objects.filter(project=project_id, key=key).first()
        if key
        else None,
        "guideline": None
        if number is None
        else GuidelineVersion.objects.filter(project=project_id, number=number).first(),
    }


def _compared(payload: State) -> State:
    return {name: value for name, value in payload.items() if name not in NOT_COMPARED}


def _label_read(target: Target) -> State | None:
    row = (
        StepLabel.objects.select_related("error_type", "guideline")
        .select_for_update(of=("self",))
        .filter(step=target.step_id, rater=target.rater_id, source=None)
        .first()
    )
    return None if row is None else state_of_label(row)


def _label_write(target: Target, event_id: int, state: State | None) -> None:
    found: dict[str, Any] = {
        "step_id": target.step_id,
        "rater_id": target.rater_id,
        "source": None,
    }
    if state is None:
        StepLabel.objects.filter(**found).delete()
        return
    columns = {**LABEL_DEFAULTS, **state, **scheme_columns(target.project_id, state)}
    StepLabel.objects.update_or_create(
        **found, defaults={**columns, "event_id": event_id, "updated": Now()}
    )


def _span_read(target: Target) -> State | None:
    row = (
        SpanLabel.objects.select_related("error_type", "guideline")
        .select_for_update(of=("self",))
        .filter(**_span_found(target))
        .first()
    )
    return None if row is None else state_of_span(row)


def _span_found(target: Target) -> dict[str, Any]:
    first, last = target.key["first"], target.key["last"]
    return {"first_id": first, "last_id": last, "rater_id": target.rater_id, "source": None}


def _span_write(target: Target, event_id: int, state: State | None) -> None:
    if state is None:
        SpanLabel.objects.filter(**_span_found(target)).delete()
        return
    columns = {**SPAN_DEFAULTS, **state, **scheme_columns(target.project_id, state)}
    SpanLabel.objects.update_or_create(
        **_span_found(target), defaults={**columns, "event_id": event_id, "updated": Now()}
    )


def _alternative_found(target: Target) -> dict[str, Any]:
    return {
        "problem_id": target.problem_id,
        "parent_id": target.key["parent"],
        "replaces_id": target.key["replaces"],
        "rater_id": target.rater_id,
        "source": None,
    }


def _alternative_read(target: Target) -> State | None:
    row = Alternative.objects.select_for_update().filter(**_alternative_found(target)).first()
    return None if row is None else {"text": row.text, "meta": row.meta}


def _alternative_write(target: Target, event_id: int, state: State | None) -> None:
    if state is None:
        Alternative.objects.filter(**_alternative_found(target)).delete()
        return
    Alternative.objects.update_or_create(
        **_alternative_found(target),
        defaults={**ALTERNATIVE_DEFAULTS, **state, "event_id": event_id, "updated": Now()},
    )


def _outcome_read(target: Target) -> State | None:
    # The trace is locked, not the outcome: an outcome that does not exist yet cannot be.
    Trace.objects.select_for_update(no_key=True).get(pk=target.trace_id or 0)
    row = Outcome.objects.filter(trace=target.trace_id, name=target.key["name"]).first()
    return None if row is None else {"value": row.value, "source": row.source}


def _outcome_write(target: Target, event_id: int, state: State | None) -> None:
    del (
        event_id
    )  # events of one trace are appended under its lock, so the last writer is the newest
    found: dict[str, Any] = {"trace_id": target.trace_id, "name": target.key["name"]}
    if state is None:
        Outcome.objects.filter(**found).delete()
        return
    Outcome.objects.update_or_create(**found, defaults={**OUTCOME_DEFAULTS, **state})


@dataclass(frozen=True, slots=True)
class Projection:
    """How the rows of one kind of judgement are found, read (and locked) and written."""

    key: tuple[str, ...]
    read: Callable[[Target], State | None]
    write: Callable[[Target, int, State | None], None]


PROJECTIONS: dict[str, Projection] = {
    Kind.STEP_LABEL: Projection((), _label_read, _label_write),
    Kind.SPAN_LABEL: Projection(("first", "last"), _span_read, _span_write),
    Kind.ALTERNATIVE: Projection(("parent", "replaces"), _alternative_read, _alternative_write),
    Kind.OUTCOME: Projection(("name",), _outcome_read, _outcome_write),
}
