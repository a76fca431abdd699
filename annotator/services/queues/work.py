"""Is the work of an item really there? One function per task, asked before a submit counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Queue, Ranking, Submission
from annotator.queries.judgements.judging import ENDED, path_ids, path_ratings, rating_missing
from annotator.queries.queues.gates import RANKING_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotator.models import QueueItem
    from annotator.queries.judgements.judging import Judged


def work_missing(*, item: QueueItem, task: str, rater_id: int) -> str:
    """Return a sentence on what is still missing, "" if the item can be submitted."""
    return MISSING[Queue.Task(task)](item, rater_id)


def work_reason(*, item: QueueItem, rater_id: int) -> str:
    """Return the reason of a submission of a rated trace: where the person stopped."""
    wrong = -1 in _ratings(item, rater_id)
    return Submission.Reason.FOUND_ERROR if wrong else Submission.Reason.SOLUTION


def _ratings(item: QueueItem, rater_id: int) -> list[Judged]:
    if item.trace is None:
        return []
    step_ids = path_ids(trace=item.trace)
    return path_ratings(trace=item.trace, step_ids=step_ids, rater_id=rater_id)


def _rated(item: QueueItem, rater_id: int) -> str:
    missing = rating_missing(ratings=_ratings(item, rater_id), task=item.queue.task)
    return "" if missing and given_up(item=item, rater_id=rater_id) else missing


def given_up(*, item: QueueItem, rater_id: int) -> bool:
    """Say whether the rater gave the trace up, or called the problem faulty."""
    rows = Submission.objects.filter(problem=item.problem_id, rater=rater_id, reason__in=ENDED)
    return any(trace in {None, item.trace_id} for trace in rows.values_list("trace", flat=True))


def _ranked(item: QueueItem, rater_id: int) -> str:
    level = RANKING_LEVELS[Queue.Task(item.queue.task)]
    there = Ranking.objects.filter(
        problem=item.problem_id, level=level, parent=item.parent_id, rater=rater_id, source=None
    )
    if there.exists():
        return ""
    nouns = {"step": "steps", "branch": "branches", "trace": "traces"}
    return f"Rank the {nouns[level]} first; nothing is saved yet."


MISSING: dict[Queue.Task, Callable[[QueueItem, int], str]] = {
    Queue.Task.FIRST_ERROR: _rated,
    Queue.Task.ALL_STEPS: _rated,
    Queue.Task.RANK_STEP: _ranked,
    Queue.Task.RANK_BRANCH: _ranked,
    Queue.Task.RANK_TRACE: _ranked,
}
