"""Final decisions of reviewers: an event and its row; what it decides on stays as it was.

On a step's rating, on that of a run of steps (``span_``), or on the order of the items of a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import ConflictError, InvalidError
from annotator.models import (
    Adjudication,
    JudgementEvent,
    Ranking,
    StepLabel,
)
from annotator.queries.judgements.spans import spans_holding
from annotator.services.history.events import judgement_record, judgement_withdraw
from annotator.services.history.layout import State, Target, rating_checked, text_checked
from annotator.services.judgements.error_types import error_type_check
from annotator.services.judgements.spans import span_check
from annotator.services.people.raters import rater_for_user
from annotator.services.rankings.answers import Answer, answer_check
from scoring.preference.types import OVERALL

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.models import Problem, Step
    from annotator.queries.rankings.places import Place

REASON_LIMIT = 4_000
SPAN = "span"
# The key of a decision; each kind of case fills its own part.
NOTHING: State = {
    "step": None,
    "level": "",
    "parent": None,
    "criterion": OVERALL,
    "first": None,
    "last": None,
}
OWN = (
    "One of these judgements is your own. Leave the decision to somebody else, or say that you "
    "decide on a judgement of your own."
)


@dataclass(frozen=True, slots=True)
class AdjudicationResult:
    """The decision (None = there is none), the event (None = nothing changed), and replays."""

    adjudication: Adjudication | None
    event_id: int | None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """What a reviewer says of a step or a span; ``unsure`` with no rating: it cannot be decided."""

    rating: int | None
    unsure: bool = False
    error_type: str = ""
    realises_error: bool = False


def step_decide(
    *,
    step: Step,
    user: User,
    decision: Rating,
    reason: str,
    blind: Rating | None = None,
    own_said: bool = False,
    idempotency_key: UUID | None = None,
) -> AdjudicationResult:
    """Decide on a step, or decide again.

    Args:
        step: with its problem and project loaded.
        user: a reviewer; the caller has checked it.
        decision: what holds from now on.
        reason: why, for those who judged otherwise; not empty.
        blind: what the reviewer said before seeing the others.
        own_said: the reviewer knows that one of the judgements is their own.
        idempotency_key: chosen by the client, one for each decision.

    Raises:
        InvalidError: a value outside the scheme, or no reason.
        ConflictError: ``own_judgement``: one of the judgements is the reviewer's and they did not say
            so; or the key was used for something else.
    """
    own = StepLabel.objects.filter(step=step, rater__user=user, source=None)
    state = _ratings_state(step.problem.project_id, decision, blind, reason)
    _own_checked(own.exists(), own_said)
    return _record(_step_target(step, user), state, user, idempotency_key)


def span_decide(
    *,
    first: Step,
    last: Step,
    user: User,
    decision: Rating,
    reason: str,
    blind: Rating | None = None,
    own_said: bool = False,
    idempotency_key: UUID | None = None,
) -> AdjudicationResult:
    """Decide on the steps ``first`` … ``last`` as one unit, or decide again. See ``step_decide``.

    Raises:
        InvalidError: ``last`` is not ``first`` or below it, a value outside the scheme, or no reason.
        ConflictError: as ``step_decide``; own is every span of the reviewer that holds the run.
    """
    span_check(first=first, last=last)
    own = spans_holding(first=first, last=last).filter(rater__user=user, source=None)
    state = _ratings_state(first.problem.project_id, decision, blind, reason)
    _own_checked(own.exists(), own_said)
    return _record(_span_target(first, last, user), state, user, idempotency_key)


def ranking_decide(
    *,
    place: Place,
    criterion: str,
    user: User,
    decision: Answer,
    reason: str,
    blind: Answer | None = None,
    own_said: bool = False,
    idempotency_key: UUID | None = None,
) -> AdjudicationResult:
    """Decide on the order of the items of a place, or decide again. See ``step_decide``.

    Raises:
        InvalidError: an order that does not name every item once, or no reason.
        ConflictError: as ``step_decide``.
    """
    for answer in (decision, blind):
        if answer is not None:
            answer_check(place=place, criterion=criterion, answer=answer)
    own = Ranking.objects.filter(
        problem=place.problem,
        level=place.level,
        parent=place.parent_id,
        criterion=criterion,
        rater__user=user,
        source=None,
    )
    state = {
        "decision": _order_state(decision),
        "blind": None if blind is None else _order_state(blind),
        "reason": _reason_checked(reason),
    }
    _own_checked(own.exists(), own_said)
    target = _place_target(place, criterion, user)
    return _record(target, state, user, idempotency_key)


def step_decision_withdraw(
    *, step: Step, user: User, idempotency_key: UUID | None = None
) -> AdjudicationResult:
    """Take the decision on a step back, as an event; nothing to take back is no event."""
    return _withdraw(_step_target(step, user), user, idempotency_key)


def span_decision_withdraw(
    *, first: Step, last: Step, user: User, idempotency_key: UUID | None = None
) -> AdjudicationResult:
    """Take the decision on a span back, as an event; nothing to take back is no event."""
    return _withdraw(_span_target(first, last, user), user, idempotency_key)


def ranking_decision_withdraw(
    *, place: Place, criterion: str, user: User, idempotency_key: UUID | None = None
) -> AdjudicationResult:
    """Take the decision on an order back, as an event; nothing to take back is no event."""
    return _withdraw(_place_target(place, criterion, user), user, idempotency_key)


def _record(target: Target, state: State, user: User, key: UUID | None) -> AdjudicationResult:
    event, replayed = judgement_record(target=target, state=state, user=user, idempotency_key=key)
    return AdjudicationResult(_row(target), event.pk, replayed)


def _withdraw(target: Target, user: User, key: UUID | None) -> AdjudicationResult:
    done = judgement_withdraw(target=target, user=user, idempotency_key=key)
    if done is None:
        return AdjudicationResult(None, None)
    event, replayed = done
    return AdjudicationResult(_row(target), event.pk, replayed)


def _ratings_state(project_id: int, decision: Rating, blind: Rating | None, reason: str) -> State:
    if decision.rating is None and not decision.unsure:
        message = "Choose a rating, or say that it cannot be decided."
        raise InvalidError(message, fields={"rating": message})
    return {
        "decision": _rating_state(project_id, decision),
        "blind": None if blind is None else _rating_state(project_id, blind),
        "reason": _reason_checked(reason),
    }


def _rating_state(project_id: int, said: Rating) -> State:
    error_type_check(project_id=project_id, key=said.error_type, retired=True)
    return {
        "rating": rating_checked(said.rating),
        "unsure": said.unsure,
        "error_type": said.error_type,
        "realises_error": said.realises_error,
    }


def _order_state(answer: Answer) -> State:
    return {
        "tiers": [list(tier) for tier in answer.tiers],
        "aside": list(answer.aside),
        "failed": list(answer.failed),
    }


def _reason_checked(reason: str) -> str:
    clean = text_checked(reason.strip(), "reason", limit=REASON_LIMIT)
    if not clean:
        message = "Say why; those who judged otherwise read it."
        raise InvalidError(message, fields={"reason": message})
    return clean


def _own_checked(own: bool, own_said: bool) -> None:
    if own and not own_said:
        raise ConflictError(OWN, code="own_judgement", fields={"own": OWN})


def _step_target(step: Step, user: User) -> Target:
    return _target(step.problem, user, {"step": step.pk}, step_id=step.pk)


def _span_target(first: Step, last: Step, user: User) -> Target:
    key = {"level": SPAN, "first": first.pk, "last": last.pk}
    return _target(first.problem, user, key, step_id=first.pk)


def _place_target(place: Place, criterion: str, user: User) -> Target:
    key = {"level": place.level, "parent": place.parent_id, "criterion": criterion}
    return _target(place.problem, user, key)


def _target(problem: Problem, user: User, key: State, step_id: int | None = None) -> Target:
    return Target(
        kind=JudgementEvent.Kind.ADJUDICATION,
        project_id=problem.project_id,
        problem_id=problem.pk,
        rater_id=rater_for_user(project=problem.project, user=user).pk,
        step_id=step_id,
        key=NOTHING | key,
    )


def _row(target: Target) -> Adjudication | None:
    return Adjudication.objects.filter(problem=target.problem_id, **target.key).first()
