"""Going back from the timeline: restore what once stood, or undo back to a point, as new events.

Works across submits. A submitted item stays submitted; what that means is said, never done silently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import ConflictError, ForbiddenError, InvalidError
from annotator.models import Assignment, ErrorType, JudgementEvent, Queue
from annotator.queries.judgements.judging import path_ids
from annotator.queries.queues.gates import RANKING_LEVELS, RATING_TASKS
from annotator.services.history.events import event_replayed, judgement_record, target_of
from annotator.services.history.projections import PROJECTIONS
from annotator.services.history.undo import SHARED, judgement_undo, stacks
from annotator.services.people.raters import rater_for_user
from annotator.services.queues.work import work_missing

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.models import Problem
    from annotator.services.history.layout import State

Kind = JudgementEvent.Kind


@dataclass(frozen=True, slots=True)
class WayBack:
    """What was changed back, and what follows for submitted work: sentences for the person."""

    events: tuple[int, ...]
    said: tuple[str, ...]
    replayed: bool = False


@transaction.atomic
def judgement_restore(
    *,
    event: JudgementEvent,
    user: User,
    may_review: bool,
    before: bool = False,
    idempotency_key: UUID | None = None,
) -> WayBack:
    """Bring what ``event`` is about back to the state it left, or (``before``) to what it replaced.

    Args:
        event: of a problem that the person may see.
        user: who asks; their own judgements only, except outcomes and final decisions.
        may_review: the person may change outcomes and final decisions.
        before: restore the state before the event.
        idempotency_key: chosen by the client.

    Raises:
        ForbiddenError: the judgement is somebody else's.
        InvalidError: an import, or the state names a type of error that is gone.
        ConflictError: it stands like this already, or the key was used for something else.
    """
    if event.kind == Kind.IMPORT:
        raise InvalidError("What an import brought is not restored: it still stands.")
    if event.kind in SHARED:
        if not may_review:
            raise ForbiddenError("Outcomes and final decisions are restored by reviewers.")
    elif event.user_id != user.pk:
        raise ForbiddenError("This is somebody else's judgement; only they restore it.")
    rater = rater_for_user(project=event.problem.project, user=user)
    target = replace(target_of(event), rater_id=rater.pk)
    state = event.before if before else _state_after(event)
    _check_error_type(event.project_id, state)
    if not event_replayed(target=target, state=state, user=user, idempotency_key=idempotency_key):
        current = PROJECTIONS[event.kind].read(target)
        if current == state:
            raise ConflictError("It stands like this already.", code="nothing_to_restore")
    made, replayed = judgement_record(
        target=target, state=state, user=user, idempotency_key=idempotency_key
    )
    said = "Restored, as a new entry." if state is not None else "Taken back, as a new entry."
    return WayBack((made.pk,), (said, *submitted_words(events=[made], user=user)), replayed)


@transaction.atomic
def judgements_undo_to(*, event: JudgementEvent, user: User) -> WayBack:
    """Undo every judgement of ``user`` in the problem down to ``event``, which is undone too.

    Raises:
        ForbiddenError: the judgement is somebody else's.
        ConflictError: it is undone already, or somebody changed a shared row meanwhile.
    """
    if event.user_id != user.pk:
        raise ForbiddenError("This is somebody else's judgement; only they undo it.")
    problem = event.problem
    made: list[int] = []
    said: list[str] = []
    while event.pk in _done(problem, user):
        result = judgement_undo(problem=problem, user=user)
        if result is None:
            break
        made.append(result.event_id)
        said.append(result.description)
    if not made:
        raise ConflictError("This is undone already.", code="nothing_to_undo")
    events = list(JudgementEvent.objects.filter(pk__in=made).select_related("trace__end", "step"))
    first = said[0] if len(said) == 1 else f"{len(said)} steps back. The last one: {said[-1]}"
    return WayBack(tuple(made), (f"{first}.", *submitted_words(events=events, user=user)))


def submitted_words(*, events: list[JudgementEvent], user: User) -> list[str]:
    """Say which submitted items of ``user`` hold what ``events`` changed, and what they now lack."""
    if not events:
        return []
    problem = events[0].problem
    rater = rater_for_user(project=problem.project, user=user)
    held = (
        Assignment.objects.filter(
            user=user, state=Assignment.State.SUBMITTED, item__problem=problem
        )
        .select_related("item__queue", "item__trace__end", "item__problem")
        .order_by("pk")
    )
    said = []
    for assignment in held:
        item = assignment.item
        if not any(_covers(assignment, event) for event in events):
            continue
        missing = work_missing(item=item, task=item.queue.task, rater_id=rater.pk)
        lacks = f" It now lacks something: {missing}" if missing else ""
        said.append(
            f"Your answer in the queue {item.queue.name} stays submitted and is not reopened.{lacks}"
        )
    return said


def _covers(assignment: Assignment, event: JudgementEvent) -> bool:
    """Say whether an answer is made of what an event changed."""
    item = assignment.item
    task = Queue.Task(item.queue.task)
    if task not in RATING_TASKS:
        about = (event.payload.get("level"), event.payload.get("parent"))
        return event.kind == Kind.RANKING and about == (RANKING_LEVELS[task], item.parent_id)
    if event.kind == Kind.SUBMISSION:
        return event.trace_id in {None, item.trace_id}
    if event.kind not in {Kind.STEP_LABEL, Kind.SPAN_LABEL} or item.trace is None:
        return False
    return event.step_id in path_ids(trace=item.trace)


def _done(problem: Problem, user: User) -> list[int]:
    mine = JudgementEvent.objects.filter(problem=problem, user=user).order_by("id")
    return stacks(mine.values_list("id", "undoes_id"))[0]


def _state_after(event: JudgementEvent) -> State | None:
    if event.payload.get("cleared"):
        return None
    key = PROJECTIONS[event.kind].key
    return {name: value for name, value in event.payload.items() if name not in key}


def _check_error_type(project_id: int, state: dict[str, Any] | None) -> None:
    key = (state or {}).get("error_type", "")
    if key and not ErrorType.objects.filter(project=project_id, key=key).exists():
        raise InvalidError(
            f"The type of error '{key}' no longer exists, so this cannot be restored."
        )
