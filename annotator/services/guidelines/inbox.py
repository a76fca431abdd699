"""Answers to unsure ratings and to questions about the guidelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from annotator.errors import InvalidError
from annotator.models import Comment, GuidelineVersion
from annotator.services.history.layout import text_checked

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Project, StepLabel

ANSWER_LIMIT = 4_000


def question_answer(
    *, comment: Comment, user: User, answer: str, guideline: int | None = None
) -> Comment:
    """Answer a question, or answer it anew.

    Args:
        comment: the question, with its project.
        user: a reviewer; the caller has checked it.
        answer: what the asker reads.
        guideline: number of the version that the question led to.

    Raises:
        InvalidError: no answer, or no such version.
    """
    comment.resolution = _answer_checked(answer)
    comment.guideline = _version(comment.project, guideline)
    return _resolved(comment, user)


@transaction.atomic
def unsure_answer(
    *, label: StepLabel, user: User, answer: str, guideline: int | None = None
) -> Comment:
    """Answer an unsure rating; the rating stays until its maker changes it.

    Raises:
        InvalidError: no answer, or no such version.
    """
    clean = _answer_checked(answer)
    project = label.step.problem.project
    version = _version(project, guideline)
    comment, _ = Comment.objects.get_or_create(
        kind=Comment.Kind.UNSURE,
        step=label.step,
        rater=label.rater,
        defaults={"project": project, "problem": label.step.problem},
    )
    comment.text = label.note
    comment.resolution, comment.guideline = clean, version
    return _resolved(comment, user)


def answer_withdraw(*, comment: Comment) -> Comment:
    """Open an answered question again; an unsure rating's answer is deleted, for its rating says it."""
    if comment.kind == Comment.Kind.UNSURE:
        comment.delete()
        return comment
    comment.resolved = comment.resolved_by = comment.guideline = None
    comment.resolution = ""
    comment.save(update_fields=["resolved", "resolved_by", "guideline", "resolution"])
    return comment


def _resolved(comment: Comment, user: User) -> Comment:
    comment.resolved_by = user
    comment.resolved = Now()  # the database's clock, as for labels
    comment.save(update_fields=["text", "resolution", "guideline", "resolved_by", "resolved"])
    comment.refresh_from_db(fields=["resolved"])
    return comment


def _answer_checked(answer: str) -> str:
    clean = text_checked(answer.strip(), "answer", limit=ANSWER_LIMIT)
    if not clean:
        message = "Write an answer; who asked reads it on the step."
        raise InvalidError(message, fields={"answer": message})
    return clean


def _version(project: Project, number: int | None) -> GuidelineVersion | None:
    if number is None:
        return None
    found = GuidelineVersion.objects.filter(project=project, number=number).first()
    if found is None:
        message = f"These guidelines have no version {number}."
        raise InvalidError(message, fields={"guideline": message})
    return found
