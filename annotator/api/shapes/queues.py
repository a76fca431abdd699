"""Queues, their items and assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.queries.queues.gates import work_item
from annotator.queries.queues.progress import cursors_of, queue_progress

if TYPE_CHECKING:
    from annotator.models import Assignment, Queue, QueueItem
    from annotator.queries.access import Access


def queue_shape(queue: Queue, access: Access, *, people: bool = False) -> dict[str, Any]:
    """Return a queue; what gold and order would give away is for reviewers."""
    shape: dict[str, Any] = {
        "id": queue.pk,
        "project": access.project.name,
        "name": queue.name,
        "task": queue.task,
        "state": queue.state,
        "is_exam": queue.is_exam,
        "exam": queue.exam_id,
        "lease_seconds": queue.lease_seconds,
        "created": queue.created,
    }
    if not access.may_review:
        return shape
    progress = queue_progress(queues=[queue])[queue.pk]
    shape |= {
        "order": queue.order,
        "seed": queue.seed,
        "model": queue.model_id,
        "overlap": queue.overlap,
        "items": queue.n_items,
        "gold_share": queue.gold_share,
        "reveal_share": queue.reveal_share,
        "pass_mark": queue.pass_mark,
        "options": queue.options,
        "progress": {
            "wanted": progress.wanted,
            "done": progress.done,
            "in_work": progress.in_work,
        },
    }
    if people:
        shape["people"] = [
            {
                "user": cursor.user.get_username(),
                "served": cursor.served,
                "submitted": cursor.submitted,
                "skipped": cursor.skipped,
                "holds": cursor.holding or 0,
                "nothing_left": (cursor.exhausted or 0) >= queue.version,
            }
            for cursor in cursors_of(queue=queue)
        ]
    return shape


def assignment_shape(assignment: Assignment) -> dict[str, Any]:
    """Return an item in its person's hands; nothing in it tells gold from other items."""
    work = work_item(assignment)
    return {
        "id": assignment.pk,
        "queue": work.queue.pk,
        "project": work.queue.project.name,
        "task": work.task,
        "state": assignment.state,
        "fence": assignment.fence,
        "lease_until": assignment.lease_until,
        "problem": work.problem.pk,
        "trace": work.item.trace_id,
        "level": work.level,
        "parent": work.item.parent_id,
        "scores_shown": work.scores_shown,
        "draft": assignment.draft,
        "started": assignment.started,
        "finished": assignment.finished,
        "milliseconds": assignment.milliseconds,
    }


def item_shape(item: QueueItem) -> dict[str, Any]:
    """Return an item with its answers; ``reserved_for`` and assignments with users are loaded."""
    return {
        "id": item.pk,
        "position": item.position,
        "problem": item.problem_id,
        "trace": item.trace_id,
        "parent": item.parent_id,
        "gold": item.gold_id is not None,
        "need": item.need,
        "reserved_for": item.reserved_for.get_username() if item.reserved_for else None,
        "propensity": item.propensity,
        "model_version": item.model_version,
        "why": item.why,
        "answers": [
            {
                "id": had.pk,
                "user": had.user.get_username(),
                "state": had.state,
                "reason": had.reason,
            }
            for had in item.assignments.all()
        ],
    }
