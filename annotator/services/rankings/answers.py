"""Rankings of steps, branches and traces: set and clear, each an event and the row that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import InvalidError
from annotator.models import JudgementEvent, Ranking
from annotator.queries.access import access_to
from annotator.queries.rankings.criteria import criteria_of
from annotator.queries.rankings.sight import shown_score_at
from annotator.services.history.events import judgement_record, judgement_withdraw
from annotator.services.history.layout import (
    RANKING_DEFAULTS,
    State,
    Target,
    milliseconds_checked,
    text_checked,
)
from annotator.services.judgements.labels import guideline_number
from annotator.services.people.raters import rater_for_user
from scoring.errors import RankingError
from scoring.preference.types import MAX_ITEMS, OVERALL, RankingRecord
from scoring.preference.validate import validate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.queries.rankings.places import Place


@dataclass(frozen=True, slots=True)
class RankingResult:
    """The current ranking (None = cleared), the event, and whether it is a replay."""

    ranking: Ranking | None
    event_id: int | None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says under one criterion; items by id, as in ``Ranking``."""

    tiers: Sequence[Sequence[int]]
    aside: Sequence[int] = ()
    failed: Sequence[int] = ()
    shown: Sequence[int] = ()


def ranking_set(
    *,
    place: Place,
    user: User,
    answer: Answer,
    criterion: str = OVERALL,
    note: str = "",
    milliseconds: int | None = None,
    shown_score: bool | None = None,
    idempotency_key: UUID | None = None,
) -> RankingResult:
    """Record or replace ``user``'s ranking of the items of ``place`` under ``criterion``.

    Args:
        place: what is ranked; all of its items, or 2 to 32 of them where there are more.
        user: who judges; the caller has checked that they may.
        answer: tiers, best first, and what was set aside; without ``shown``, place order is stored.
        criterion: a key of the project's criteria, or "" for overall.
        note: free text.
        milliseconds: time spent on this answer.
        shown_score: whether a model's scores were on screen, as the client says; it is kept only
            where scores were open to the person (``queries.rankings.sight``).
        idempotency_key: chosen by the client, one for each answer.

    Raises:
        InvalidError: an item that is not there, twice or missing, an unknown criterion, a gate that
            the criterion is not; the sentence names it.
        ConflictError: the key was used by somebody else or for another judgement.
        NotFoundError: the membership ended in the meantime.
    """
    answer_check(place=place, criterion=criterion, answer=answer)
    access = access_to(user=user, project=place.problem.project)
    state: State = {
        **RANKING_DEFAULTS,
        "tiers": [list(tier) for tier in answer.tiers],
        "aside": list(answer.aside),
        "failed": list(answer.failed),
        "shown": list(_shown(place, answer)),
        "note": text_checked(note.strip(), "note"),
        "milliseconds": milliseconds_checked(milliseconds),
        "guideline": guideline_number(place.problem.project_id),
        "shown_score": shown_score_at(place=place, access=access, said=shown_score),
    }
    target = _target(place, criterion, user)
    event, replayed = judgement_record(
        target=target, state=state, user=user, idempotency_key=idempotency_key
    )
    return RankingResult(_row(target), event.pk, replayed)


def ranking_clear(
    *,
    place: Place,
    user: User,
    criterion: str = OVERALL,
    idempotency_key: UUID | None = None,
) -> RankingResult:
    """Take ``user``'s ranking back, as an event; nothing to take back is no event.

    Raises:
        ConflictError: the key was used by somebody else or for another judgement.
    """
    target = _target(place, criterion, user)
    done = judgement_withdraw(target=target, user=user, idempotency_key=idempotency_key)
    if done is None:
        return RankingResult(None, None)
    event, replayed = done
    return RankingResult(_row(target) if replayed else None, event.pk, replayed)


def answer_check(*, place: Place, criterion: str, answer: Answer) -> None:
    """Check that an answer is about this place, and says of each item exactly one thing.

    Raises:
        InvalidError: the sentence names the item or the criterion.
    """
    _check_criterion(place, criterion, answer)
    _check_items(place, criterion, answer)


def _check_criterion(place: Place, criterion: str, answer: Answer) -> None:
    known = {c.key: c for c in criteria_of(place.problem.project)}
    if criterion == OVERALL:
        gate = False
    elif criterion in known:
        gate = known[criterion].gate
    else:
        reason = f"no criterion called '{criterion[:40]}'; known: {', '.join(known)}"
        raise InvalidError(reason, fields={"criterion": reason})
    if answer.failed and not gate:
        name = known[criterion].label if criterion else "An overall ranking"
        reason = f"{name} is no gate, so no item can fail it."
        raise InvalidError(reason, fields={"failed": reason})


def _check_items(place: Place, criterion: str, answer: Answer) -> None:
    here = set(place.items)
    named = [item for tier in answer.tiers for item in tier] + list(answer.aside)
    for item in (*answer.shown, *named, *answer.failed):
        if item not in here:
            noun = "trace" if place.level == "trace" else "step"
            where = (
                "a trace of this problem"
                if noun == "trace"
                else f"below step {place.parent_id}"
                if place.parent_id
                else "a first step of this problem"
            )
            _refuse(f"item {item} is not here: no {noun} {item} is {where}")
    try:
        validate(
            RankingRecord(
                level=place.level,
                criterion=criterion,
                items=tuple(_shown(place, answer)),
                tiers=tuple(tuple(tier) for tier in answer.tiers),
                aside=tuple(answer.aside),
                failed=tuple(answer.failed),
                rater=0,
            )
        )
    except RankingError as error:
        _refuse(str(error))


def _shown(place: Place, answer: Answer) -> Sequence[int]:
    """Return what was on screen.

    Of few items it must have been all of them, so that none is silently left out.
    """
    if len(place.items) > MAX_ITEMS:
        if answer.shown:
            return answer.shown
        return [item for tier in answer.tiers for item in tier] + list(answer.aside)
    missing = set(place.items) - set(answer.shown)
    return [*answer.shown, *(item for item in place.items if item in missing)]


def _refuse(reason: str) -> None:
    raise InvalidError(f"This ranking cannot be used: {reason}.", fields={"tiers": reason})


def _target(place: Place, criterion: str, user: User) -> Target:
    rater = rater_for_user(project=place.problem.project, user=user)
    return Target(
        kind=JudgementEvent.Kind.RANKING,
        project_id=place.problem.project_id,
        problem_id=place.problem.pk,
        rater_id=rater.pk,
        key={"level": place.level, "parent": place.parent_id, "criterion": criterion},
    )


def _row(target: Target) -> Ranking | None:
    return Ranking.objects.filter(
        problem=target.problem_id,
        level=target.key["level"],
        parent=target.key["parent"],
        criterion=target.key["criterion"],
        rater=target.rater_id,
        source=None,
    ).first()
