"""Remarks that a person may read: everybody's for reviewers, else what their own judgement opened.

Annotators always see the threads they began. Those of others on a step open together with its
labels (see ``blindness``); those on the problem as a whole are for reviewers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Q

from annotator.errors import ForbiddenError, NotFoundError
from annotator.models import Comment
from annotator.queries.access import MAX_ID, access_to
from annotator.queries.blindness import sight_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Problem, Step
    from annotator.queries.access import Access

MOST = 200


@dataclass(frozen=True, slots=True)
class Thread:
    """A remark with its replies, oldest first."""

    comment: Comment
    replies: list[Comment] = field(default_factory=list)


def threads_of(*, access: Access, problem: Problem, step: Step | None) -> list[Thread]:
    """Return what the person may read about ``step`` (None = the problem), oldest first."""
    if not access.may_label:
        return []
    rows = Comment.objects.filter(problem=problem, step=step).exclude(kind=Comment.Kind.UNSURE)
    rows = rows.select_related("rater", "resolved_by", "guideline").order_by("pk")
    if not _sees_others(access, problem, step):
        mine = Q(rater__user=access.user_id) | Q(answers__rater__user=access.user_id)
        rows = rows.filter(mine)
    threads: dict[int, Thread] = {}
    for row in rows[:MOST]:
        if row.answers_id is None:
            threads[row.pk] = Thread(row)
        elif row.answers_id in threads:
            threads[row.answers_id].replies.append(row)
    return list(threads.values())


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
