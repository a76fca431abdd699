"""A project with traces to judge, people who judge, and a queue over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from annotator.models import Gold, Membership, Project, Queue, RewardModel, StepScore, Trace
from annotator.queries.queues.gates import assignment_for_user
from annotator.services.judgements.labels import label_set
from annotator.services.queues import (
    QueueWish,
    assignment_submit,
    item_next,
    queue_create,
)
from annotator.services.queues.build import queue_build
from tests.factories import ProjectFactory, UserFactory, problem_with_tree

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.queries.queues.gates import WorkItem


@dataclass
class QueueWorld:
    """``people[0]`` owns the project, the others annotate."""

    project: Project
    people: list[User]
    traces: list[Trace] = field(default_factory=list)

    @property
    def owner(self) -> User:
        return self.people[0]

    def queue(self, **wish: Any) -> Queue:
        """Make and fill a queue."""
        wanted = QueueWish(**{"name": "Queue", "task": "first_error", **wish})
        queue, _ = queue_create(project=self.project, user=self.owner, wish=wanted)
        queue_build(queue=queue)
        return queue

    def scored(self) -> RewardModel:
        """Let a model score one step, so that there is something to reveal."""
        model = RewardModel.objects.create(
            project=self.project, name="scorer", kind="imported", ready=True
        )
        StepScore.objects.create(step=self.traces[-1].end, model=model, score=0.5)
        return model

    def gold(self, *traces: Trace, task: str = "first_error") -> list[Gold]:
        """Make gold answers."""
        return [
            Gold.objects.create(
                project=self.project,
                problem=trace.problem,
                trace=trace,
                task=task,
                answer={"ratings": {str(trace.end_id): -1}, "first_error": trace.end_id},
            )
            for trace in traces
        ]


def queue_world(*, traces: int = 4, people: int = 3, tag: str = "") -> QueueWorld:
    """Make a project with one problem of two steps per trace."""
    project = ProjectFactory.create(**({"name": tag} if tag else {}))
    users = [
        UserFactory.create(**({"username": f"{tag}-{n}"} if tag else {})) for n in range(people)
    ]
    for number, user in enumerate(users):
        role = Membership.Role.ANNOTATOR if number else Membership.Role.OWNER
        Membership.objects.create(project=project, user=user, role=role)
    world = QueueWorld(project, users)
    for number in range(traces):
        problem = problem_with_tree(
            [f"first {number}", [f"second {number}!"]], project=project, prompt=f"{tag} {number}?"
        )
        world.traces.append(problem.traces.get())
    return world


def take(queue: Queue, user: User) -> WorkItem:
    """Be served an item; fails where there is none."""
    served = item_next(queue=queue, user=user)
    assert served.assignment_id is not None, served.outcome
    return assignment_for_user(user=user, pk=served.assignment_id)


def rate(work: WorkItem, user: User, *ratings: int) -> None:
    """Rate the first steps of the item's trace."""
    path = work.problem.steps.order_by("preorder")
    for step, rating in zip(path, ratings, strict=False):
        step.problem = work.problem
        label_set(step=step, user=user, rating=rating)


def answer(queue: Queue, user: User) -> WorkItem:
    """Be served an item, find its first step wrong, submit."""
    work = take(queue, user)
    rate(work, user, -1)
    assignment_submit(assignment=work.assignment, user=user, fence=work.fence)
    return work
