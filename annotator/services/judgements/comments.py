"""Remarks on steps and problems, replies to them, and questions about the guidelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotator.errors import ConflictError, InvalidError
from annotator.models import Comment
from annotator.services.history.layout import text_checked
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.models import Problem, Rater, Step

KINDS = (Comment.Kind.COMMENT.value, Comment.Kind.FLAG.value)


def comment_add(
    *,
    problem: Problem,
    user: User,
    text: str,
    step: Step | None = None,
    kind: str = KINDS[0],
    answers: Comment | None = None,
    idempotency_key: UUID | None = None,
) -> Comment:
    """Say something about ``step`` (None = the problem); a flag goes to the guideline inbox.

    A reply belongs to the remark that began the thread, also when it answers a later one.

    Raises:
        InvalidError: no text, an unknown kind, or a step or remark of another place.
        ConflictError: the key was used by somebody else or for another remark.
    """
    clean = text_checked(text.strip(), "text")
    if not clean:
        message = "Write what you want to say."
        raise InvalidError(message, fields={"text": message})
    if kind not in KINDS:
        message = f"A remark is one of {', '.join(KINDS)}, not '{kind}'."
        raise InvalidError(message, fields={"kind": message})
    if step is not None and step.problem_id != problem.pk:
        message = "This step belongs to another problem."
        raise InvalidError(message, fields={"step": message})
    rater = rater_for_user(project=problem.project, user=user)
    made = Comment(
        project=problem.project,
        problem=problem,
        step=step,
        rater=rater,
        kind=KINDS[0] if answers is not None else kind,
        text=clean,
        answers=_thread(answers, problem, step),
        idempotency_key=idempotency_key,
    )
    known = _replayed(made, rater)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        known = _replayed(made, rater)  # the same key arrived twice at once
        if known is None:
            raise
        return known
    made.refresh_from_db(fields=["created"])
    return made


def comment_resolve(*, comment: Comment, user: User, resolved: bool = True) -> Comment:
    """Close a thread, or open it again.

    Raises:
        InvalidError: a reply, which is closed with its thread, or a question about the guidelines,
            which is closed by its answer.
    """
    if comment.answers_id is not None:
        raise InvalidError("A reply is settled together with the remark that it answers.")
    if comment.kind != Comment.Kind.COMMENT:
        raise InvalidError("A question about the guidelines is settled by an answer in the inbox.")
    comment.resolved = Now() if resolved else None
    comment.resolved_by = user if resolved else None
    comment.save(update_fields=["resolved", "resolved_by"])
    comment.refresh_from_db(fields=["resolved"])
    return comment


def _thread(answers: Comment | None, problem: Problem, step: Step | None) -> Comment | None:
    if answers is None:
        return None
    if answers.problem_id != problem.pk or answers.step_id != (step.pk if step else None):
        message = "This remark stands at another place."
        raise InvalidError(message, fields={"answers": message})
    return answers.answers or answers


def _replayed(wanted: Comment, rater: Rater) -> Comment | None:
    """Return what was stored under the same key, if it is the same remark."""
    if wanted.idempotency_key is None:
        return None
    found = Comment.objects.filter(idempotency_key=wanted.idempotency_key).first()
    if found is None:
        return None
    same = (
        found.rater_id == rater.pk
        and found.problem_id == wanted.problem_id
        and found.step_id == wanted.step_id
        and found.answers_id == (wanted.answers.pk if wanted.answers else None)
        and (found.kind, found.text) == (wanted.kind, wanted.text)
    )
    if not same:
        raise ConflictError(
            "This idempotency key was already used for another remark; send a new key.",
            code="idempotency_key_used",
        )
    return found
