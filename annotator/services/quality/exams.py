"""Screening exams: a queue of gold items only, passed or not when every item is answered.

A person may take an exam as often as its option ``attempts`` says. Taking it again takes back what
they said in it, as events, so that nobody is graded on answers they corrected after feedback: which
answers were right shows only when the exam is passed or no attempt is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from annotator.errors import ConflictError
from annotator.models import (
    Assignment,
    Qualification,
    Queue,
    QueueCursor,
    QueueItem,
    SpanLabel,
    Step,
    StepLabel,
    Submission,
)
from annotator.queries.judgements.judging import path_ids
from annotator.queries.queues.gates import RANKING_LEVELS
from annotator.queries.rankings.places import own_rankings, place_of
from annotator.services.judgements.labels import label_clear
from annotator.services.judgements.spans import span_label_clear
from annotator.services.judgements.submissions import submission_clear
from annotator.services.rankings.answers import ranking_clear
from scoring.agreement.gold import reaches

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

ATTEMPTS = 2
ANSWERED = (Assignment.State.SUBMITTED, Assignment.State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a person took an exam, the present attempt included, and how it went.

    ``decided``: every item of the present attempt is answered; ``right`` of ``total`` are then of it.
    ``answered``: items of the present attempt so far, of ``items``.
    """

    taken: int
    allowed: int
    passed: bool
    right: int = 0
    total: int = 0
    decided: bool = False
    answered: int = 0
    items: int = 0

    @property
    def number(self) -> int:
        """Which attempt the present one is, from 1."""
        return max(1, self.taken)

    @property
    def left(self) -> int:
        """How often the exam may be taken again."""
        return 0 if self.passed else max(0, self.allowed - self.taken)


def attempts_of(*, queue: Queue, user: User) -> Attempts:
    """Return how often ``user`` began the exam again, and whether they passed."""
    known = Qualification.objects.filter(queue=queue, user=user).first()
    allowed = int(queue.options.get("attempts", ATTEMPTS))
    answers, total = _answers(queue, user)
    answered = answers.count()
    if known is None:
        return Attempts(0, allowed, passed=False, answered=answered, items=total)
    return Attempts(
        taken=known.attempt,
        allowed=allowed,
        passed=known.passed,
        right=known.right,
        total=known.total,
        decided=known.passed or answered >= total,
        answered=answered,
        items=total,
    )


def exam_settle(*, queue: Queue, user: User) -> Qualification | None:
    """Decide an exam once every active item of it is answered; a skipped item is not right.

    Call it in the transaction that took the answer. In other queues nothing happens.
    """
    if not queue.is_exam:
        return None
    answers, total = _answers(queue, user)
    if not total or answers.count() < total:
        return None
    right = answers.filter(state=Assignment.State.SUBMITTED, result__right=True).count()
    passed = reaches(right, total, queue.pass_mark or 0)
    found, _ = Qualification.objects.update_or_create(
        queue=queue, user=user, defaults={"passed": passed, "right": right, "total": total}
    )
    return found


@transaction.atomic
def exam_retake(*, queue: Queue, user: User) -> None:
    """Let ``user`` take a failed exam from the beginning.

    Raises:
        ConflictError: it is not finished, passed already, or no attempt is left.
    """
    QueueCursor.objects.select_for_update(no_key=True).filter(queue=queue, user=user).first()
    attempts = attempts_of(queue=queue, user=user)
    answers, _ = _answers(queue, user)
    if attempts.passed:
        raise ConflictError("You have passed this exam.", code="no_attempt")
    if not attempts.decided:
        raise ConflictError("Answer every item of the exam first.", code="no_attempt")
    if not attempts.left:
        raise ConflictError("You have no attempt left; ask a reviewer.", code="no_attempt")
    for answer in answers.select_related("item__problem__project", "item__trace__end"):
        _take_back(answer.item, queue, user)
    answers.update(state=Assignment.State.EXPIRED, result=None, draft=None, fence=F("fence") + 1)
    QueueCursor.objects.filter(queue=queue, user=user).update(position=0, last_id=0, exhausted=None)
    Qualification.objects.filter(queue=queue, user=user).update(attempt=F("attempt") + 1)


def _answers(queue: Queue, user: User) -> tuple[QuerySet[Assignment], int]:
    """Return the person's answers to the active items, and how many items there are."""
    items = QueueItem.objects.filter(queue=queue, gold__active=True)
    answers = Assignment.objects.filter(item__in=items, user=user, state__in=ANSWERED)
    return answers, items.count()


def _spans_take_back(item: QueueItem, user: User) -> None:
    path = path_ids(trace=item.trace) if item.trace is not None else []
    spans = SpanLabel.objects.filter(first__in=path, rater__user=user, source=None)
    for span in spans.select_related("first", "last"):
        span.first.problem = span.last.problem = item.problem
        span_label_clear(first=span.first, last=span.last, user=user)


def _take_back(item: QueueItem, queue: Queue, user: User) -> None:
    """Clear what the person said of an item."""
    if item.trace is not None:
        own = StepLabel.objects.filter(
            step__in=path_ids(trace=item.trace), rater__user=user, source=None
        )
        for step in Step.objects.filter(pk__in=own.values("step")):
            step.problem = item.problem
            label_clear(step=step, user=user)
        _spans_take_back(item, user)
        for trace in {
            row.trace_id: row.trace
            for row in Submission.objects.filter(problem=item.problem, rater__user=user)
            if row.trace_id in {None, item.trace_id}
        }.values():
            submission_clear(problem=item.problem, trace=trace, user=user)
        return
    level = RANKING_LEVELS[Queue.Task(queue.task)]
    place = place_of(problem=item.problem, level=level, parent_id=item.parent_id)
    for criterion in own_rankings(place=place, user_id=user.pk):
        ranking_clear(place=place, user=user, criterion=criterion)
