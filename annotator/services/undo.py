"""Undo and redo of one person's judgements in one problem, across reloads and devices.

The stacks are not stored: they follow from the person's events. An undo appends an event that
restores what the undone event replaced and points at it; a redo does the same to the undo. A new
judgement empties the redo stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from annotator.errors import ConflictError
from annotator.models import JudgementEvent, Problem, Rater
from annotator.services.projections import judgement_record, target_of
from annotator.services.raters import rater_for_user

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.services.judgements import State

NOUNS = {
    JudgementEvent.Kind.STEP_LABEL: "rating",
    JudgementEvent.Kind.SPAN_LABEL: "span rating",
    JudgementEvent.Kind.ALTERNATIVE: "alternative",
    JudgementEvent.Kind.OUTCOME: "outcome",
}
RATING_WORDS = {-1: "−1", 0: "0", 1: "+1"}
PARTS = {
    "error_type": "type of error",
    "note": "note",
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
        return _result(known, redo=redo)
    mine = JudgementEvent.objects.filter(problem=problem, user=user).order_by("id")
    done, undone = stacks(mine.values_list("id", "undoes_id"))
    stack = undone if redo else done
    if not stack:
        return None
    event = JudgementEvent.objects.get(pk=stack[-1])
    _check_unchanged(event, user)
    reverted, _ = judgement_record(
        target=target_of(event),
        state=event.before,
        user=user,
        idempotency_key=key,
        undoes=event,
    )
    return _result(reverted, redo=redo)


def _replayed(problem: Problem, user: User, key: UUID) -> JudgementEvent | None:
    event = JudgementEvent.objects.filter(idempotency_key=key).first()
    if event is None:
        return None
    if event.user_id != user.pk or event.problem_id != problem.pk or event.undoes_id is None:
        raise ConflictError(
            "This idempotency key was already used for another judgement; send a new key.",
            code="idempotency_key_used",
        )
    return event


def _check_unchanged(event: JudgementEvent, user: User) -> None:
    """Refuse to undo over somebody else: outcomes are shared, all other rows belong to a rater."""
    if event.kind != JudgementEvent.Kind.OUTCOME:
        return
    name = event.payload["name"]
    later = JudgementEvent.objects.filter(
        problem=event.problem_id,
        kind=event.kind,
        trace=event.trace_id,
        payload__name=name,
        id__gt=event.pk,
    ).exclude(user=user)
    other = later.select_related("user").order_by("-id").first()
    if other is not None:
        who = other.user.get_username() if other.user else "somebody who has left"
        raise ConflictError(
            f"{who} changed the outcome '{name}' of this trace after you; nothing was undone. "
            "Set the outcome yourself if it should change.",
            code="changed_by_other",
        )


def _result(event: JudgementEvent, *, redo: bool) -> UndoResult:
    verb = "Redone" if redo else "Undone"
    now = None if event.payload.get("cleared") else event.payload
    description = f"{verb}: {_change(event.kind, event.before, now)}"
    return UndoResult(event.kind, event.step_id, event.trace_id, event.pk, description)


def _change(kind: str, before: State | None, now: State | None) -> str:
    """Name the rating and where it went, or, when it stayed, the parts that did not."""
    words = [_words(kind, state) for state in (before, now)]
    if words[0] == words[1] and before and now:
        parts = [name for key, name in PARTS.items() if before.get(key) != now.get(key)]
        if parts:
            return ", ".join(parts)
    return f"{NOUNS[JudgementEvent.Kind(kind)]} {words[0]} → {words[1]}"


def _words(kind: str, state: State | None) -> str:
    if state is None:
        return "none"
    if kind == JudgementEvent.Kind.ALTERNATIVE:
        return f"“{state['text'][:40]}”"
    if kind == JudgementEvent.Kind.OUTCOME:
        return "unknown" if state["value"] is None else f"{state['value']:g}"
    if state.get("unsure"):
        return "unsure"
    return "not rated" if state["rating"] is None else RATING_WORDS[state["rating"]]
