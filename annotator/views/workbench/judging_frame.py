"""Who judges which trace under which rules, read from a queue's item or from the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.urls import reverse

from annotator.errors import NotFoundError
from annotator.numbers import whole_number
from annotator.queries.access import trace_for_user
from annotator.queries.judgements.judging import JUDGING_TASKS
from annotator.queries.queues.gates import assignment_for_user

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from annotator.models import Trace
    from annotator.queries.queues.gates import WorkItem
    from annotator.views.http import HtmxRequest


@dataclass(frozen=True, slots=True)
class Frame:
    """Who judges which trace under which rules.

    Attributes:
        task: ``first_error`` or ``all_steps``.
        scores: model scores are on screen.
        reference: the reference answer is on screen.
        work: the item of a queue that this is, None = opened from the workbench.
    """

    user: User
    trace: Trace
    task: str
    scores: bool = False
    reference: bool = False
    work: WorkItem | None = None

    @property
    def query(self) -> str:
        """What the surface's own addresses carry."""
        if self.work is not None:
            return f"?assignment={self.work.assignment.pk}"
        return f"?task={self.task}"

    def url(self, name: str, **place: int) -> str:
        """Return an address of the surface below its trace, with the rules in its query."""
        problem = self.trace.problem
        kwargs = {"project": problem.project.name, "pk": problem.pk, "trace": self.trace.pk}
        return reverse(f"annotator:{name}", kwargs=kwargs | place) + self.query

    @property
    def address(self) -> str:
        """The page that shows the surface."""
        problem = self.trace.problem
        if self.work is not None:
            args = [problem.project.name, self.work.queue.pk, self.work.assignment.pk]
            return reverse("annotator:work-item", args=args)
        kwargs = {"project": problem.project.name, "pk": problem.pk}
        return (
            f"{reverse('annotator:problem', kwargs=kwargs)}?judge={self.trace.pk}&task={self.task}"
        )


def frame_of_work(*, user: User, work: WorkItem) -> Frame:
    """Return the frame of a rating item of a queue."""
    if work.trace is None:
        raise NotFoundError("This item has no trace to rate.")
    work.trace.problem = work.problem
    return Frame(
        user=user,
        trace=work.trace,
        task=work.task,
        scores=work.scores_shown,
        reference=bool(work.queue.options.get("reference")),
        work=work,
    )


def frame_of(request: HttpRequest, project: str, pk: int, trace: int) -> Frame:
    """Read the rules from the item in the person's hands, else from the address."""
    person = cast("HtmxRequest", request).user
    assignment = whole_number(request.GET.get("assignment"))
    if assignment is not None:
        work = assignment_for_user(user=person, pk=assignment, project=project)
        frame = frame_of_work(user=person, work=work)
    else:
        chosen = trace_for_user(user=person, pk=trace, at_least="annotator", project=project)
        task = request.GET.get("task", "")
        frame = Frame(person, chosen, task if task in JUDGING_TASKS else JUDGING_TASKS[0])
    if frame.trace.problem_id != pk or frame.trace.pk != trace:
        raise NotFoundError(f"There is no trace {trace} in problem {pk}.")
    return frame
