"""Gold answers and exams as reviewers see them, and an exam's outcome as its taker does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from annotator.models import Assignment, Gold, Queue, QueueItem, Step, Trace
from annotator.queries.paging import Page, page_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from annotator.models import Project

IN_USE_FIRST = ("-active", "-pk")


@dataclass(frozen=True, slots=True)
class ExamAnswer:
    """One item of an exam as its taker sees it afterwards."""

    problem_id: int
    trace: Trace | None
    parent_id: int | None
    skipped: bool
    right: bool
    agreed: int
    known: int


def golds_of(*, project: Project) -> QuerySet[Gold]:
    """Return the gold answers of ``project`` with how often each was answered, and rightly."""
    submitted = Q(items__assignments__state=Assignment.State.SUBMITTED)
    return (
        Gold.objects.filter(project=project)
        .select_related("problem", "trace__end", "parent", "created_by")
        .annotate(
            answers=Count("items__assignments", filter=submitted, distinct=True),
            right=Count(
                "items__assignments",
                filter=submitted & Q(items__assignments__result__right=True),
                distinct=True,
            ),
        )
    )


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A gold answer for the page; ``first_error`` is the number of the step, None = no such."""

    gold: Gold
    task: str
    first_error: int | None


def gold_page(*, project: Project, after: str = "", before: str = "") -> Page[GoldRow]:
    """Return a page of gold answers, those in use first, newest first.

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    found = page_of(golds_of(project=project), order=IN_USE_FIRST, after=after, before=before)
    wrong = [gold.answer.get("first_error") for gold in found.rows]
    depths = dict(Step.objects.filter(pk__in=filter(None, wrong)).values_list("pk", "depth"))
    rows = [
        GoldRow(gold, Queue.Task(gold.task).label, depths.get(first))
        for gold, first in zip(found.rows, wrong, strict=True)
    ]
    return Page(rows, next=found.next, previous=found.previous)


def exam_answers(*, queue: Queue, user: User) -> list[ExamAnswer]:
    """Return what a person answered in an exam, in its order."""
    rows = (
        Assignment.objects.filter(
            item__in=QueueItem.objects.filter(queue=queue, gold__active=True),
            user=user,
            state__in=[Assignment.State.SUBMITTED, Assignment.State.SKIPPED],
        )
        .select_related("item__trace")
        .order_by("item__position", "item_id")
    )
    found = []
    for row in rows:
        result = row.result or {}
        found.append(
            ExamAnswer(
                problem_id=row.item.problem_id,
                trace=row.item.trace,
                parent_id=row.item.parent_id,
                skipped=row.state == Assignment.State.SKIPPED,
                right=bool(result.get("right")),
                agreed=int(result.get("agreed", 0)),
                known=int(result.get("known", 0)),
            )
        )
    return found
