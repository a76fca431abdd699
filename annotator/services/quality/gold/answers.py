"""Gold answers: made of ratings or tiers, changed, retired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F

from annotator.errors import InvalidError
from annotator.models import Gold, Problem, Project, Queue, Trace
from annotator.queries.judgements.judging import path_ids
from annotator.queries.queues.gates import RANKING_LEVELS, RATING_TASKS
from annotator.queries.rankings.places import place_of
from annotator.services.history.layout import text_checked
from annotator.services.rankings.answers import Answer, answer_check
from scoring.types import RATINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

NOTE_LIMIT = 2_000
WRONG = -1


@dataclass(frozen=True, slots=True)
class GoldTarget:
    """What a gold answer is about; ``trace`` for rating tasks, ``parent_id`` for rankings."""

    problem: Problem
    task: str
    trace: Trace | None = None
    parent_id: int | None = None

    @property
    def level(self) -> str:
        """The level of a ranking task.

        Raises:
            InvalidError: the task ranks nothing.
        """
        level = RANKING_LEVELS.get(Queue.Task(self.task)) if is_task(self.task) else None
        if level is None:
            raise wrong("task", f"A ranking is gold for {', '.join(sorted(RANKING_LEVELS))}.")
        return level


@transaction.atomic
def gold_rate(
    *,
    target: GoldTarget,
    user: User | None,
    ratings: Sequence[int | None],
    note: str = "",
) -> Gold:
    """Make or replace the gold answer of a rating task.

    Args:
        target: with its trace.
        user: who answers for it.
        ratings: of the path, first step first, None = the gold does not say. In first-error tasks
            everything up to the first wrong step, or all of it, must be rated.
        note: for reviewers.

    Raises:
        InvalidError: ratings that are none, too many or missing; the sentence names the step.
    """
    trace = target.trace
    if trace is None or target.task not in RATING_TASKS:
        raise wrong("task", f"A trace is gold for {', '.join(sorted(RATING_TASKS))}.")
    step_ids = path_ids(trace=trace)
    if len(ratings) > len(step_ids):
        raise wrong("ratings", f"The trace has {len(step_ids)} steps, not {len(ratings)}.")
    for at, rating in enumerate(ratings, start=1):
        if rating is not None and (type(rating) is not int or rating not in RATINGS):
            raise wrong("ratings", f"Step {at}: a rating is −1, 0 or 1, not {rating!r}.")
    said = [*ratings, *[None] * (len(step_ids) - len(ratings))]
    first = next((at for at, rating in enumerate(said) if rating == WRONG), None)
    if target.task == Queue.Task.FIRST_ERROR:
        said = said if first is None else said[: first + 1]
    missing = next((at for at, rating in enumerate(said, start=1) if rating is None), None)
    if missing is not None:
        raise wrong("ratings", f"Step {missing} has no rating; gold says something of every step.")
    answer = {
        "ratings": {str(step_ids[at]): rating for at, rating in enumerate(said)},
        "first_error": None if first is None else step_ids[first],
    }
    return _keep(target, user, answer, note)


@transaction.atomic
def gold_rank(
    *,
    target: GoldTarget,
    user: User | None,
    tiers: Sequence[Sequence[int]],
    failed: Sequence[int] = (),
    note: str = "",
) -> Gold:
    """Make or replace the gold answer of a ranking task; every item is in one tier.

    Raises:
        InvalidError: an item that is not there, twice or missing; the sentence names it.
        NotFoundError: no such place.
    """
    place = place_of(problem=target.problem, level=target.level, parent_id=target.parent_id)
    answer_check(place=place, criterion="", answer=Answer(tiers=tiers))
    if len(tiers) < 2:
        raise wrong("tiers", "Gold that ties everything tells nothing of an annotator.")
    answer = {"tiers": [list(tier) for tier in tiers], "failed": list(failed)}
    return _keep(target, user, answer, note)


@transaction.atomic
def gold_update(*, gold: Gold, active: bool | None = None, note: str | None = None) -> Gold:
    """Retire gold, bring it back, or change its note.

    Raises:
        InvalidError: a note that is too long or has characters that cannot be stored.
    """
    if active is not None:
        gold.active = active
    if note is not None:
        gold.note = text_checked(note.strip(), "note", limit=NOTE_LIMIT)
    gold.save(update_fields=["active", "note"])
    _changed(gold.project_id)
    return gold


def _keep(target: GoldTarget, user: User | None, answer: dict[str, Any], note: str) -> Gold:
    gold, _ = Gold.objects.update_or_create(
        problem=target.problem,
        task=target.task,
        trace=target.trace,
        parent_id=target.parent_id,
        defaults={
            "project_id": target.problem.project_id,
            "answer": answer,
            "note": text_checked(note.strip(), "note", limit=NOTE_LIMIT),
            "active": True,
            "created_by": user,
        },
    )
    _changed(gold.project_id)
    return gold


def _changed(project_id: int) -> None:
    """Count a change, in its transaction; gold leaves no event, and reports depend on it."""
    Project.objects.filter(pk=project_id).update(gold_changes=F("gold_changes") + 1)


def is_task(task: str) -> bool:
    """Say whether there is such a task."""
    return task in Queue.Task.values


def wrong(name: str, reason: str) -> InvalidError:
    """Return the refusal of one field."""
    return InvalidError(reason, fields={name: reason})
