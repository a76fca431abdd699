"""Human-written replacement steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotator.errors import InvalidError, NotFoundError
from annotator.models import Alternative, JudgementEvent, Problem, Step
from annotator.services.history.events import judgement_record, judgement_withdraw
from annotator.services.history.layout import State, Target, text_checked
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

TEXT_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class AlternativeResult:
    """The current alternative (None = taken back), the event, and whether it is a replay."""

    alternative: Alternative | None
    event_id: int
    replayed: bool = False


def alternative_set(
    *,
    problem: Problem,
    parent: Step | None,
    user: User,
    text: str,
    replaces: Step | None = None,
    meta: dict[str, Any] | None = None,
    idempotency_key: UUID | None = None,
) -> AlternativeResult:
    """Write what should have stood after ``parent`` (None = the problem), or rewrite it.

    A person has one alternative for each place: a parent and, if given, the step it replaces.

    Raises:
        InvalidError: no text, or the steps are not parent and child of ``problem``.
        ConflictError: the key was used by somebody else or for another judgement.
    """
    if not text.strip():
        message = "Write the step that should stand here."
        raise InvalidError(message, fields={"text": message})
    text_checked(text, "text", limit=TEXT_LIMIT)
    _place_check(problem, parent, replaces)
    state: State = {"text": text, "meta": meta or None}
    target = _target(problem, parent, replaces, user)
    event, replayed = judgement_record(
        target=target, state=state, user=user, idempotency_key=idempotency_key
    )
    return AlternativeResult(_current(target), event.pk, replayed)


def alternative_clear(
    *,
    problem: Problem,
    parent: Step | None,
    user: User,
    replaces: Step | None = None,
    idempotency_key: UUID | None = None,
) -> AlternativeResult:
    """Take ``user``'s alternative for this place back, as an event.

    Raises:
        NotFoundError: there is none.
        ConflictError: the key was used by somebody else or for another judgement.
    """
    target = _target(problem, parent, replaces, user)
    done = judgement_withdraw(target=target, user=user, idempotency_key=idempotency_key)
    if done is None:
        raise NotFoundError("You have not written an alternative for this place.")
    event, replayed = done
    return AlternativeResult(_current(target), event.pk, replayed)


def _place_check(problem: Problem, parent: Step | None, replaces: Step | None) -> None:
    message = ""
    if parent is not None and parent.problem_id != problem.pk:
        message = "The step before it belongs to another problem."
    elif replaces is not None and (
        replaces.problem_id != problem.pk
        or replaces.parent_id != (None if parent is None else parent.pk)
    ):
        message = "The step it replaces must come directly after the step before it."
    if message:
        raise InvalidError(message, fields={"parent" if replaces is None else "replaces": message})


def _target(problem: Problem, parent: Step | None, replaces: Step | None, user: User) -> Target:
    shown = replaces or parent
    return Target(
        kind=JudgementEvent.Kind.ALTERNATIVE,
        project_id=problem.project_id,
        problem_id=problem.pk,
        rater_id=rater_for_user(project=problem.project, user=user).pk,
        step_id=None if shown is None else shown.pk,
        key={
            "parent": None if parent is None else parent.pk,
            "replaces": None if replaces is None else replaces.pk,
        },
    )


def _current(target: Target) -> Alternative | None:
    return Alternative.objects.filter(
        problem=target.problem_id,
        parent=target.key["parent"],
        replaces=target.key["replaces"],
        rater=target.rater_id,
        source=None,
    ).first()
