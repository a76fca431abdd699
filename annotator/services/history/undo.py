"""Undo and redo of one person's judgements in one problem, across reloads and devices.

The stacks are not stored: they follow from the person's events. An undo appends an event that
restores what the undone event replaced and points at it; a redo does the same to the undo. A new
judgement empties the redo stack. Events of one action (a rating copied to the rest of a trace) go
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction

from annotator.errors import ConflictError
from annotator.models import JudgementEvent, Problem, Rater, Resolution, Submission
from annotator.services.history.events import judgement_record, key_used, target_of
from annotator.services.history.projections import PROJECTIONS
from annotator.services.judgements.label_batch import LabelChange, labels_record
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.services.history.layout import State

NOUNS = {
    JudgementEvent.Kind.STEP_LABEL: "rating",
    JudgementEvent.Kind.SPAN_LABEL: "span rating",
    JudgementEvent.Kind.ALTERNATIVE: "alternative",
    JudgementEvent.Kind.OUTCOME: "outcome",
    JudgementEvent.Kind.SUBMISSION: "submission",
    JudgementEvent.Kind.RANKING: "ranking",
    JudgementEvent.Kind.ADJUDICATION: "final decision",
    JudgementEvent.Kind.RESOLUTION: "answer to a contradiction",
}
# What somebody else may have changed since, as a sentence after their name.
SHARED = {
    JudgementEvent.Kind.OUTCOME: "changed the outcome '{name}' of this trace",
    JudgementEvent.Kind.ADJUDICATION: "decided here",
    JudgementEvent.Kind.RESOLUTION: "resolved this contradiction",
}
# What a state says in its own words.
QUOTED: dict[JudgementEvent.Kind, Callable[[State], str]] = {
    JudgementEvent.Kind.ALTERNATIVE: lambda state: str(state["text"][:40]),
    JudgementEvent.Kind.SUBMISSION: lambda state: Submission.Reason(state["reason"]).label,
    JudgementEvent.Kind.RESOLUTION: lambda state: Resolution.Kept(state["kept"]).label,
}
RATING_WORDS = {-1: "−1", 0: "0", 1: "+1"}
PARTS = {
    "error_type": "type of error",
    "note": "note",
    "tiers": "order",
    "aside": "cannot compare",
    "failed": "failed the gate",
    "realises_error": "repairs an earlier error",
}


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What was changed back: where to look, and a sentence for the status line."""

    kind: str
    step_id: int | None
    trace_id: int | None
    event_id: int
    description: str


@transaction.atomic
def judgement_undo(
    *, problem: Problem, user: User, idempotency_key: UUID | None = None
) -> UndoResult | None:
    """Take ``user``'s last judgement in ``problem`` back; None if there is nothing left.

    Raises:
        ConflictError: somebody else changed the same outcome meanwhile.
    """
    return _step_back(problem, user, idempotency_key, redo=False)


@transaction.atomic
def judgement_redo(
    *, problem: Problem, user: User, idempotency_key: UUID | None = None
) -> UndoResult | None:
    """Do again what ``user`` undid last in ``problem``; None if there is nothing.

    Raises:
        ConflictError: somebody else changed the same outcome meanwhile.
    """
    return _step_back(problem, user, idempotency_key, redo=True)


def stacks(events: Iterable[tuple[int, int | None]]) -> tuple[list[int], list[int]]:
    """Replay ``(id, undoes)`` pairs, oldest first, into what can be undone and redone.

    Returns:
        ``(done, undone)``: event ids, the next to undo or redo last.
    """
    done: list[int] = []
    undone: list[int] = []
    for event, undoes in events:
        if undoes is None:
            done.append(event)
            undone.clear()
        elif undoes in done:
            done.remove(undoes)
            undone.append(event)
        elif undoes in undone:
            undone.remove(undoes)
            done.append(event)
    return done, undone


def _step_back(problem: Problem, user: User, key: UUID | None, *, redo: bool) -> UndoResult | None:
    rater = rater_for_user(project=problem.project, user=user)
    # Two windows of one person must not undo the same event twice.
    Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)
    known = None if key is None else _replayed(problem, user, key)
    if known is not None:
        return _result(known, redo=redo, count=_size(known))
    mine = JudgementEvent.objects.filter(problem=problem, user=user).order_by("id")
    done, undone = stacks(mine.values_list("id", "undoes_id"))
    stack = undone if redo else done
    if not stack:
        return None
    together = _together(stack)
    first = _revert(together, user, key)
    return _result(first, redo=redo, count=len(together))


def _revert(events: list[JudgementEvent], user: User, key: UUID | None) -> JudgementEvent:
    """Append an event for each of ``events`` that restores what it replaced; return the first."""
    if len(events) > 1 and all(event.kind == JudgementEvent.Kind.STEP_LABEL for event in events):
        changes = [LabelChange.back(event) for event in events]
        first = labels_record(changes=changes, user=user, action=uuid4(), idempotency_key=key)
        return JudgementEvent.objects.get(pk=first)
    action = uuid4() if len(events) > 1 else None
    made: list[JudgementEvent] = []
    for event in events:
        _check_unchanged(event, user)
        back, _ = judgement_record(
            target=target_of(event),
            state=event.before,
            user=user,
            idempotency_key=None if made else key,
            undoes=event,
            action=action,
        )
        made.append(back)
    return made[0]


def _together(stack: list[int]) -> list[JudgementEvent]:
    """Return the events of the last action of a stack, the earliest first."""
    last = JudgementEvent.objects.get(pk=stack[-1])
    if last.action is None:
        return [last]
    events = JudgementEvent.objects.filter(problem=last.problem_id, action=last.action)
    waiting = set(stack)
    return [event for event in events.order_by("pk") if event.pk in waiting]


def _replayed(problem: Problem, user: User, key: UUID) -> JudgementEvent | None:
    event = JudgementEvent.objects.filter(idempotency_key=key).first()
    if event is None:
        return None
    if event.user_id != user.pk or event.problem_id != problem.pk or event.undoes_id is None:
        raise key_used()
    return event


def _check_unchanged(event: JudgementEvent, user: User) -> None:
    """Refuse to undo over somebody else: most rows belong to a rater, those of ``SHARED`` do not."""
    if event.kind not in SHARED:
        return
    names = PROJECTIONS[event.kind].key
    later = JudgementEvent.objects.filter(
        problem=event.problem_id,
        kind=event.kind,
        trace=event.trace_id,
        payload__contains={name: event.payload[name] for name in names if name in event.payload},
        id__gt=event.pk,
    ).exclude(user=user)
    other = later.select_related("user").order_by("-id").first()
    if other is not None:
        who = other.user.get_username() if other.user else "somebody who has left"
        what = SHARED[JudgementEvent.Kind(event.kind)].format(**event.payload)
        raise ConflictError(
            f"{who} {what} after you; nothing was undone. Set it yourself if it should change.",
            code="changed_by_other",
        )


def _size(event: JudgementEvent) -> int:
    """Count the events that were written together with ``event``."""
    if event.action is None:
        return 1
    return JudgementEvent.objects.filter(problem=event.problem_id, action=event.action).count()


def _result(event: JudgementEvent, *, redo: bool, count: int) -> UndoResult:
    verb = "Redone" if redo else "Undone"
    now = None if event.payload.get("cleared") else event.payload
    change = _change(event.kind, event.before, now)
    if count > 1:
        change = f"{NOUNS[JudgementEvent.Kind(event.kind)]}s of {count} steps"
    description = f"{verb}: {change}"
    return UndoResult(event.kind, event.step_id, event.trace_id, event.pk, description)


def _change(kind: str, before: State | None, now: State | None) -> str:
    """Name the rating and where it went, or, when it stayed or never was, the other parts."""
    words = [_words(kind, state) for state in (before, now)]
    alone = (before or now or {}) if before is None or now is None else {}
    if "rating" in alone and alone["rating"] is None and not alone.get("unsure"):
        parts = [name for key, name in PARTS.items() if alone.get(key)]
        if parts:
            return f"{', '.join(parts)} {'taken away' if now is None else 'given'}"
    if words[0] == words[1] and before and now:
        parts = [name for key, name in PARTS.items() if before.get(key) != now.get(key)]
        if parts:
            return ", ".join(parts)
    return f"{NOUNS[JudgementEvent.Kind(kind)]} {words[0]} → {words[1]}"


def _words(kind: str, state: State | None) -> str:
    if state is None:
        return "none"
    if kind in QUOTED:
        return f"“{QUOTED[JudgementEvent.Kind(kind)](state)}”"
    if kind == JudgementEvent.Kind.ADJUDICATION:
        state = state["decision"]
    if "tiers" in state:
        return f"in {len(state['tiers'])} rank{'s' * (len(state['tiers']) != 1)}"
    if kind == JudgementEvent.Kind.OUTCOME:
        return "unknown" if state["value"] is None else f"{state['value']:g}"
    rating = "not rated" if state["rating"] is None else RATING_WORDS[state["rating"]]
    return "unsure" if state.get("unsure") else rating
