"""The guideline inbox: unsure ratings and questions, open or answered.

Reviewers see everybody's; others see what they asked themselves, with the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from annotator.models import Comment, Rater, StepLabel
from annotator.queries.access import MAX_ID, Gate

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from annotator.models import Problem, Step, Trace
    from annotator.queries.access import Access

PAGE = 50
SHOWN_ON_STEP = 20
QUESTIONS = Q(kind__in=[Comment.Kind.FLAG, Comment.Kind.UNSURE], answers=None)
question_for_user = Gate(Comment, "question", "project", ("project", "rater"), only=QUESTIONS)
unsure_for_user = Gate(
    StepLabel,
    "unsure rating",
    "rater__project",
    ("rater", "step__problem__project"),
    only=Q(unsure=True, source=None),
)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that somebody was not sure about.

    Attributes:
        pk: of the comment, or of the label of an open unsure rating.
        source: ``comment`` or ``label``, what ``pk`` is an id of.
        text: what they wrote.
        answer: "" = open.
        guideline: number of the version the answer led to.
    """

    pk: int
    source: str
    who: str
    at: datetime
    text: str
    problem: Problem
    step: Step | None
    trace: Trace | None = None
    answer: str = ""
    answered_by: str = ""
    answered: datetime | None = None
    guideline: int | None = None


def open_unsure(*, access: Access) -> QuerySet[StepLabel]:
    """Return unsure ratings by people that nobody answered since they were made."""
    answered = Comment.objects.filter(
        kind=Comment.Kind.UNSURE,
        step=OuterRef("step"),
        rater=OuterRef("rater"),
        resolved__gte=OuterRef("updated"),
    )
    rows = StepLabel.objects.filter(
        ~Exists(answered),
        unsure=True,
        rater__project=access.project,
        rater__kind=Rater.Kind.PERSON,
        source=None,
    )
    return rows if access.may_review else rows.filter(rater__user=access.user_id)


def asked(*, access: Access, kind: str, answered: bool) -> QuerySet[Comment]:
    """Return questions (``flag``) or answered unsure ratings (``unsure``)."""
    rows = Comment.objects.filter(
        project=access.project, kind=kind, answers=None, resolved__isnull=not answered
    )
    return rows if access.may_review else rows.filter(rater__user=access.user_id)


def inbox_page(
    *, access: Access, kind: str, answered: bool = False, before: int = MAX_ID, size: int = PAGE
) -> tuple[list[Question], int | None]:
    """Return a page of one kind, newest first, and the id before which the next page starts."""
    if kind == Comment.Kind.UNSURE and not answered:
        labels = open_unsure(access=access).select_related("rater", "step__problem")
        found = [_of_label(row) for row in labels.filter(pk__lt=before).order_by("-pk")[: size + 1]]
    else:
        rows = asked(access=access, kind=kind, answered=answered).select_related(
            "rater", "step", "problem", "trace", "resolved_by", "guideline"
        )
        found = [_of_comment(row) for row in rows.filter(pk__lt=before).order_by("-pk")[: size + 1]]
    more, found = len(found) > size, found[:size]
    return found, found[-1].pk if more else None


def inbox_count(*, access: Access) -> dict[str, int]:
    """Count what is open, by kind."""
    flags = asked(access=access, kind=Comment.Kind.FLAG, answered=False)
    return {
        Comment.Kind.UNSURE.value: open_unsure(access=access).count(),
        Comment.Kind.FLAG.value: flags.count(),
    }


def answers_on_step(*, step: Step, access: Access) -> list[Question]:
    """Return the answered questions about a step: one's own, all for reviewers, newest first."""
    rows = Comment.objects.filter(QUESTIONS, step=step, resolved__isnull=False)
    if not access.may_review:
        rows = rows.filter(rater__user=access.user_id)
    rows = rows.select_related("rater", "step", "problem", "trace", "resolved_by", "guideline")
    return [_of_comment(row) for row in rows.order_by(F("resolved").desc())[:SHOWN_ON_STEP]]


def _of_label(label: StepLabel) -> Question:
    return Question(
        pk=label.pk,
        source="label",
        who=label.rater.name,
        at=label.updated,
        text=label.note,
        problem=label.step.problem,
        step=label.step,
    )


def _of_comment(row: Comment) -> Question:
    by = row.resolved_by.get_username() if row.resolved_by else "somebody who has left"
    return Question(
        pk=row.pk,
        source="comment",
        who=row.rater.name,
        at=row.created,
        text=row.text,
        problem=row.problem,
        step=row.step,
        trace=row.trace,
        answer=row.resolution,
        answered_by=by if row.resolved else "",
        answered=row.resolved,
        guideline=row.guideline.number if row.guideline else None,
    )
