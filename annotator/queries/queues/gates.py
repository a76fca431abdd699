"""The gates to queues, their items, and what one person holds of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from annotator.models import Assignment, Queue, QueueItem
from annotator.queries.access import Gate

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser, User

    from annotator.models import Problem, Step, Trace

RATING_TASKS = frozenset({Queue.Task.FIRST_ERROR, Queue.Task.ALL_STEPS})
RANKING_LEVELS = {
    Queue.Task.RANK_STEP: "step",
    Queue.Task.RANK_BRANCH: "branch",
    Queue.Task.RANK_TRACE: "trace",
}
queue_for_user = Gate(Queue, "queue", "project", ("project", "model", "exam", "created_by"))
item_for_user = Gate(QueueItem, "item", "queue__project", ("queue__project", "problem", "gold"))
_assignment = Gate(
    Assignment,
    "assignment",
    "item__queue__project",
    ("item__queue__project", "item__problem", "item__trace__end", "item__parent", "guideline"),
    own="user_id",
)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An item in one person's hands, with what its page needs.

    Attributes:
        trace: what to rate; None for rankings.
        parent: the step whose children are ranked; None = the problem's first steps or its traces.
        task: as in ``Queue.Task``.
        fence: what a submit must carry.
        lease_until: when the lease ends unless it is renewed.
        blind: the judgements of others and model scores stay hidden until the answer is in.
        scores_shown: model scores are on screen: drawn for the reveal arm, or the project shows
            them to everybody.
    """

    assignment: Assignment
    item: QueueItem
    queue: Queue
    problem: Problem
    trace: Trace | None
    parent: Step | None
    task: str
    fence: int
    lease_until: datetime
    blind: bool
    scores_shown: bool

    @property
    def is_rating(self) -> bool:
        """Say whether steps are rated, as opposed to things being ranked."""
        return self.task in RATING_TASKS

    @property
    def level(self) -> str:
        """The level of a ranking task, "" for rating tasks."""
        return RANKING_LEVELS.get(Queue.Task(self.task), "")

    @property
    def held(self) -> bool:
        """Say whether the lease holds at this moment."""
        return self.assignment.state == Assignment.State.LEASED and (
            self.lease_until >= timezone.now()
        )


def draw(*parts: object) -> float:
    """Return the number in [0, 1) that the database's ``annotator_draw`` gives for the parts."""
    text = ":".join(map(str, parts))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:13], 16) / 2**52


def assignment_for_user(
    *, user: User | AnonymousUser, pk: int, project: str | None = None
) -> WorkItem:
    """Return an item that is, or was, in the hands of ``user``.

    Nobody else's assignment exists for them, and none after they left the project.

    Raises:
        NotFoundError: no such assignment, or not theirs.
        ForbiddenError: they may only read now.
    """
    return work_item(_assignment(user=user, pk=pk, at_least="annotator", project=project))


def work_item(assignment: Assignment) -> WorkItem:
    """Return an assignment whose item, queue, problem, trace and parent are loaded as a work item."""
    item = assignment.item
    item.problem.project = item.queue.project
    return WorkItem(
        assignment=assignment,
        item=item,
        queue=item.queue,
        problem=item.problem,
        trace=item.trace,
        parent=item.parent,
        task=item.queue.task,
        fence=assignment.fence,
        lease_until=assignment.lease_until,
        blind=assignment.state != Assignment.State.SUBMITTED,
        scores_shown=assignment.scores_shown,
    )
