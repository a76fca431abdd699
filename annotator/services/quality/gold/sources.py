"""Gold made of what was judged: a reviewer's own words, or the decision on a ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Adjudication, Rater
from annotator.queries.judgements.judging import path_ids, path_ratings
from annotator.queries.rankings.places import own_rankings, place_of
from annotator.services.quality.gold.answers import gold_rank, gold_rate, wrong
from scoring.types import RATINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from annotator.models import Gold
    from annotator.services.quality.gold.answers import GoldTarget


def gold_from_own(*, target: GoldTarget, user: User, note: str = "") -> Gold:
    """Make gold of what ``user`` said of the target: of the trace's steps, or of the ranking.

    Raises:
        InvalidError: they have not said enough.
    """
    if target.trace is not None:
        rater = Rater.objects.filter(project=target.problem.project_id, user=user).first()
        said = path_ratings(
            trace=target.trace,
            step_ids=path_ids(trace=target.trace),
            rater_id=rater.pk if rater is not None else 0,
        )
        ratings = [int(rating) if rating in RATINGS else None for rating in said]
        return gold_rate(target=target, user=user, ratings=ratings, note=note)
    place = place_of(problem=target.problem, level=target.level, parent_id=target.parent_id)
    own = own_rankings(place=place, user_id=user.pk).get("")
    if own is None:
        raise wrong("task", "Rank the items here overall first; that ranking becomes the gold.")
    if own.aside:
        raise wrong("task", "Your ranking leaves items aside; gold compares all of them.")
    return gold_rank(target=target, user=user, tiers=own.tiers, note=note)


def gold_from_decision(*, target: GoldTarget, user: User, note: str = "") -> Gold:
    """Make gold of the final decision on the overall order of a place.

    Raises:
        InvalidError: nobody has decided on it, or the decision leaves items aside.
    """
    decided = Adjudication.objects.filter(
        problem=target.problem, level=target.level, parent=target.parent_id, criterion=""
    ).first()
    if decided is None:
        raise wrong("task", "Nobody has decided on the overall order here; adjudicate it first.")
    if decided.decision.get("aside"):
        raise wrong("task", "The decision leaves items aside; gold compares all of them.")
    return gold_rank(target=target, user=user, tiers=decided.decision["tiers"], note=note)


# What gold can be made of, by the word in forms and records.
SOURCES: dict[str, Callable[..., Gold]] = {
    "own": gold_from_own,
    "decision": gold_from_decision,
}
