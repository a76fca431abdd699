"""Remarks that a person may read: everybody's for reviewers, else what their own judgement opened.

Annotators always see the threads they began. Those of others on a step open together with its
labels (see ``blindness``); those on the problem as a whole are for reviewers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from annotator.errors import ForbiddenError, NotFoundError
from annotator.models import Comment
from annotator.queries.access import MAX_ID, access_to
from annotator.queries.blindness import sight_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Problem, Step
    from annotator.queries.access import Access

PAGE = 50


@dataclass(frozen=True, slots=True)
class Thread:
    """A remark with its replies, oldest first."""

    comment: Comment
    replies: list[Comment] = field(default_factory=list)


def threads_of(
    *,
    access: Access,
    problem: Problem,
    step: Step | None,
    before: int | None = None,
    size: int = PAGE,
) -> tuple[list[Thread], int | None]:
    """Return a page of what the person may read about ``step`` (None = the problem).

    Args:
        access: who asks.
        problem: of a project that a gate opened.
        step: of the problem.
        before: only threads begun before this remark; None = the newest.
        size: how many threads.

    Returns:
        The threads, oldest first, and what to pass as ``before`` for those before them (None =
        there are none).
    """
    if not access.may_label:
        return [], None
    rows = Comment.objects.filter(problem=problem, step=step).exclude(kind=Comment.Kind.UNSURE)
    rows = rows.select_related("rater", "resolved_by", "guideline")
    begun = rows.filter(answers=None)
    if not _sees_others(access, problem, step):
        begun = begun.filter(rater__user=access.user_id)
    if before is not None:
        begun = begun.filter(pk__lt=min(before, MAX_ID))
    found = list(begun.order_by("-pk")[: size + 1])
    threads = {row.pk: Thread(row) for row in reversed(found[:size])}
    for reply in rows.filter(answers__in=threads).order_by("pk"):
        threads[cast("int", reply.answers_id)].replies.append(reply)
    return list(threads.values()), found[size - 1].pk if len(found) > size else None


def comment_for_user(*, user: User, pk: int, problem: Problem, to_settle: bool = False) -> Comment:
    """Return the first remark of a thread that ``user`` may read, to reply to or ``to_settle``.

    Raises:
        NotFoundError: no such thread here, or not open to them.
        ForbiddenError: they may only read; a thread is settled by who began it, and by reviewers.
    """
    access = access_to(user=user, project=problem.project)
    if not access.may_label:
        raise ForbiddenError("This needs the role 'annotator'. Ask an owner of the project.")
    rows = Comment.objects.filter(problem=problem, answers=None).exclude(kind=Comment.Kind.UNSURE)
    found = rows.select_related("step", "rater").filter(pk=min(pk, MAX_ID)).first()
    opened = found is not None and (
        found.rater.user_id == user.pk or _sees_others(access, problem, found.step)
    )
    if found is None or not opened:
        raise NotFoundError(f"There is no remark {pk} in this problem.")
    if to_settle and found.rater.user_id != user.pk and not access.may_review:
        raise ForbiddenError("A remark is settled by who wrote it, or by a reviewer.")
    return found


def _sees_others(access: Access, problem: Problem, step: Step | None) -> bool:
    if access.may_review or step is None:
        return access.may_review
    return sight_of(access=access, problem=problem, step=step).sees_labels(step.pk)
