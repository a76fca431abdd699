"""Lists of queues, their items and people, and how far they are.

Nothing here counts the items of a queue: progress comes from the few rows of its cursors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now

from annotator.models import Assignment, Job, Membership, Queue, QueueCursor, QueueItem
from annotator.queries.days import today_begins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from annotator.models import Project

TODAY_MOST = 2_000
ITEM_PAGE = 50


@dataclass(frozen=True, slots=True)
class QueueProgress:
    """How far a queue is.

    ``wanted``: items × overlap, and one more for each answer that is asked for again because its
    annotator failed gold; ``done``: accepted answers, gold left out.
    """

    wanted: int
    done: int
    in_work: int

    @property
    def percent(self) -> int:
        """Accepted answers of wanted ones, rounded down so that 100 means all."""
        return self.done * 100 // self.wanted if self.wanted else 0

    @property
    def left(self) -> int:
        """Answers that are still wanted, those in work included."""
        return max(0, self.wanted - self.done)


def queues_of(*, project: Project) -> QuerySet[Queue]:
    """Return the queues of ``project``, newest first."""
    return (
        Queue.objects.filter(project=project)
        .select_related("project", "model", "exam", "created_by")
        .order_by("-pk")
    )


def queues_open_to(*, project: Project, user: User) -> list[Queue]:
    """Return the queues that serve ``user`` or hold an item of theirs, exams first.

    ``mine`` (answers so far), ``held`` (an item is in their hands), ``finished`` (nothing was left
    at the last look) and ``qualified`` are annotated.
    """
    cursors = QueueCursor.objects.filter(queue=OuterRef("pk"), user=user)
    held = Assignment.objects.filter(
        item__queue=OuterRef("pk"), user=user, state=Assignment.State.LEASED
    )
    serving = Q(state=Queue.State.OPEN, n_items__gt=0)
    rows = queues_of(project=project).filter(serving | Exists(held))
    passed = Q(exam__isnull=True) | Q(
        exam__qualifications__user=user, exam__qualifications__passed=True
    )
    return list(
        rows.annotate(
            mine=Subquery(cursors.values("submitted")[:1]),
            finished=Exists(cursors.filter(exhausted__gte=OuterRef("version"))),
            held=Exists(held),
            qualified=Exists(Queue.objects.filter(passed, pk=OuterRef("pk"))),
        ).order_by("-is_exam", "pk")
    )


def queue_progress(*, queues: list[Queue]) -> dict[int, QueueProgress]:
    """Return the progress of each queue with two queries, whatever their sizes."""
    ids = [queue.pk for queue in queues]
    cursors = QueueCursor.objects.filter(queue__in=ids).values_list("queue", "submitted", "gold")
    done: dict[int, int] = dict.fromkeys(ids, 0)
    for queue_id, submitted, gold in cursors:
        done[queue_id] += submitted - gold
    leases = leases_of(queues=queues).values_list("item__queue").annotate(n=Count("pk"))
    in_work = dict(leases.values_list("item__queue", "n"))
    return {
        queue.pk: QueueProgress(
            wanted=queue.n_items * queue.overlap + queue.options.get("requeued", 0),
            done=done[queue.pk],
            in_work=in_work.get(queue.pk, 0),
        )
        for queue in queues
    }


def leases_of(*, queues: list[Queue]) -> QuerySet[Assignment]:
    """Return the leases that hold at this moment, of ordinary and gold items alike."""
    return Assignment.objects.filter(
        state=Assignment.State.LEASED,
        lease_until__gte=Now(),
        item__queue__in=[queue.pk for queue in queues],
    ).select_related("user", "item__problem", "item__trace")


def cursors_of(*, queue: Queue) -> QuerySet[Any]:
    """Return who worked in the queue, busiest first.

    ``holding`` counts items in their hands (None = none), ``stopped`` is why they are served
    nothing (None = they left the project).
    """
    holding = (
        leases_of(queues=[queue])
        .filter(user=OuterRef("user"))
        .order_by()
        .values("user")
        .annotate(n=Count("pk"))
        .values("n")
    )
    paused = Membership.objects.filter(project=queue.project_id, user=OuterRef("user"))
    return (
        QueueCursor.objects.filter(queue=queue)
        .select_related("user")
        .annotate(holding=Subquery(holding), stopped=Subquery(paused.values("paused")[:1]))
        .order_by("-submitted", "user__username")
    )


def items_after(
    *, queue: Queue, after: tuple[float, int] | None = None, size: int = ITEM_PAGE
) -> list[QueueItem]:
    """Return items in the queue's order behind ``(position, id)``, for reviewers."""
    rows = QueueItem.objects.filter(queue=queue).select_related(
        "problem", "trace", "parent", "reserved_for"
    )
    if after is not None:
        position, pk = after
        rows = rows.filter(Q(position__gt=position) | Q(position=position, pk__gt=pk))
    return list(
        rows.prefetch_related("assignments__user").order_by("position", "pk")[: max(1, size)]
    )


def submitted_today(*, user: User) -> int:
    """Count today's answers of ``user``; stops at ``TODAY_MOST``, which nobody reaches by hand."""
    midnight = today_begins()
    newest = (
        Assignment.objects.filter(user=user, state=Assignment.State.SUBMITTED)
        .order_by("-pk")
        .values_list("finished", flat=True)[:TODAY_MOST]
    )
    return sum(1 for finished in newest if finished is not None and finished >= midnight)


def jobs_filling(*, queues: Iterable[Queue]) -> dict[int, Job]:
    """Return the job that fills each queue without items, by the queue; one query at most."""
    empty = [queue for queue in queues if not queue.n_items]
    if not empty:
        return {}
    jobs = Job.objects.filter(
        project__in={queue.project_id for queue in empty},
        kind=Job.Kind.QUEUE,
        args__queue__in=[queue.pk for queue in empty],
    )
    return {job.args["queue"]: job for job in jobs.order_by("pk")}
