"""How each annotator works: answers, time, accuracy on gold, ratings given, change over time.

Reviewers see everybody. Annotators see themselves, and of gold only what they answered before
today: numbers that moved with each answer would tell which items were gold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from django.db.models import Count

from annotator.models import Assignment
from annotator.queries.days import today_begins
from annotator.queries.people.members import judges_of
from scoring.agreement.annotators.accuracy import NO_GOLD, proportion
from scoring.agreement.annotators.drift import accuracy_change
from scoring.agreement.annotators.timing import METHOD as QUARTILES
from scoring.resample import Estimate

if TYPE_CHECKING:
    from annotator.models import Membership
    from annotator.queries.access import Access

WINDOWS = 6
NO_TIME = "undefined because no rating carries a time"
# Own labels by people; medians as ``scoring.agreement.annotators.timing`` takes them. Done in the
# database because a page must not load a row for every label of a project.
LABELS = """
SELECT r.user_id, count(*), count(l.milliseconds),
       percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY l.milliseconds)
           FILTER (WHERE l.milliseconds IS NOT NULL),
       count(*) FILTER (WHERE l.rating = -1), count(*) FILTER (WHERE l.rating = 0),
       count(*) FILTER (WHERE l.rating = 1), count(*) FILTER (WHERE l.rating IS NULL AND l.unsure)
FROM annotator_rater r
JOIN annotator_steplabel l ON l.rater_id = r.id AND l.source_id IS NULL
WHERE r.project_id = %(project)s AND r.user_id = ANY (%(users)s)
  AND (l.rating IS NOT NULL OR l.unsure)
GROUP BY r.user_id
"""
PACE = """
SELECT user_id, part, percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds), max(place)
FROM (
    SELECT r.user_id, l.milliseconds,
           ntile(%(windows)s) OVER (PARTITION BY r.user_id ORDER BY l.event_id) AS part,
           row_number() OVER (PARTITION BY r.user_id ORDER BY l.event_id) AS place
    FROM annotator_rater r
    JOIN annotator_steplabel l ON l.rater_id = r.id AND l.source_id IS NULL
    WHERE r.project_id = %(project)s AND r.user_id = ANY (%(users)s)
      AND l.milliseconds IS NOT NULL
) timed
GROUP BY user_id, part ORDER BY user_id, part
"""
RATINGS = ("-1", "0", "1", "unsure")
Point = tuple[int, float]


@dataclass(frozen=True, slots=True)
class RatingShare:
    """How often somebody gave one rating."""

    rating: str
    count: int
    share: Estimate


@dataclass(frozen=True, slots=True)
class PersonQuality:
    """One member's work in a project.

    Attributes:
        items: answers to queue items, exams left out.
        skipped: items left to others.
        labels: steps rated or called unsure.
        time: milliseconds per step, median with quartiles.
        accuracy: share of right answers to gold, exams left out.
        parts: share of right steps or pairs in those answers.
        change: accuracy in the last third of them minus that in the first.
        ratings: how often each rating was given.
        accuracy_points: ``(gold answers so far, accuracy)`` in windows, oldest first.
        pace_points: ``(steps so far, median seconds)`` in windows, oldest first.
    """

    user_id: int
    name: str
    role: str
    paused: str
    items: int
    skipped: int
    labels: int
    time: Estimate
    accuracy: Estimate
    parts: Estimate
    change: Estimate
    ratings: tuple[RatingShare, ...]
    accuracy_points: tuple[Point, ...]
    pace_points: tuple[Point, ...]


def people_quality(*, access: Access) -> list[PersonQuality]:
    """Return the members who judge, by name; a member below reviewer gets their own row only."""
    members = judges_of(project=access.project)
    if not access.may_review:
        members = members.filter(user=access.user_id)
    found = list(members)
    users = [member.user_id for member in found]
    labels = _labels(access, users)
    pace = _pace(access, users)
    counts = _counts(access, users)
    gold = _gold(access, users)
    return [
        _person(
            member,
            labels.get(member.user_id),
            pace.get(member.user_id, ()),
            counts.get(member.user_id, {}),
            gold.get(member.user_id, []),
        )
        for member in found
    ]


def _person(
    member: Membership,
    labels: tuple[Any, ...] | None,
    pace: tuple[Point, ...],
    counts: dict[str, int],
    gold: list[dict[str, Any]],
) -> PersonQuality:
    total, timed, quartiles, *ratings = labels or (0, 0, None, 0, 0, 0, 0)
    hits = np.array([bool(result["right"]) for result in gold], np.bool_)
    known = sum(result["known"] for result in gold)
    agreed = sum(result["agreed"] for result in gold)
    parts = (
        Estimate(agreed / known, n=known, n_raters=1)
        if known
        else Estimate(None, undefined=NO_GOLD)
    )
    return PersonQuality(
        user_id=member.user_id,
        name=member.user.get_username(),
        role=member.role,
        paused=member.paused,
        items=counts.get(Assignment.State.SUBMITTED, 0),
        skipped=counts.get(Assignment.State.SKIPPED, 0),
        labels=total,
        time=Estimate(quartiles[1], quartiles[0], quartiles[2], n=timed, method=QUARTILES)
        if quartiles
        else Estimate(None, undefined=NO_TIME),
        accuracy=proportion(int(hits.sum()), len(hits), NO_GOLD),
        parts=parts,
        change=accuracy_change(hits),
        ratings=tuple(
            RatingShare(
                rating, count, proportion(count, total, "undefined because nothing is rated")
            )
            for rating, count in zip(RATINGS, ratings, strict=True)
        ),
        accuracy_points=_windows(hits),
        pace_points=pace,
    )


def _windows(hits: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[Point, ...]:
    parts = [part for part in np.array_split(hits, WINDOWS) if len(part)]
    ends = np.cumsum([len(part) for part in parts])
    return tuple((int(end), float(part.mean())) for end, part in zip(ends, parts, strict=True))


def _labels(access: Access, users: list[int]) -> dict[int, tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(LABELS, {"project": access.project.pk, "users": users})
        return {user: tuple(row) for user, *row in cursor.fetchall()}


def _pace(access: Access, users: list[int]) -> dict[int, tuple[Point, ...]]:
    found: dict[int, list[Point]] = {}
    parameters: dict[str, Any] = {
        "project": access.project.pk,
        "users": users,
        "windows": WINDOWS,
    }
    with connection.cursor() as cursor:
        cursor.execute(PACE, parameters)
        for user, _, median, place in cursor.fetchall():
            found.setdefault(user, []).append((place, median / 1000))
    return {user: tuple(points) for user, points in found.items()}


def _counts(access: Access, users: list[int]) -> dict[int, dict[str, int]]:
    rows = (
        Assignment.objects.filter(
            user__in=users,
            item__queue__project=access.project,
            item__queue__is_exam=False,
        )
        .values_list("user", "state")
        .annotate(n=Count("pk"))
    )
    found: dict[int, dict[str, int]] = {}
    for user, state, number in rows:
        found.setdefault(user, {})[state] = number
    return found


def _gold(access: Access, users: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the results of gold answers, oldest first."""
    rows = Assignment.objects.filter(
        user__in=users,
        state=Assignment.State.SUBMITTED,
        item__queue__project=access.project,
        item__queue__is_exam=False,
        item__gold__active=True,
        result__isnull=False,
    )
    if not access.may_review:
        rows = rows.filter(finished__lt=today_begins())
    found: dict[int, list[dict[str, Any]]] = {}
    for user, result in rows.order_by("finished", "pk").values_list("user", "result"):
        found.setdefault(user, []).append(dict(result or {}))
    return found
