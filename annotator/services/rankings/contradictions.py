"""What a reviewer says of a contradiction: an event and its row; the judgements stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import InvalidError, NotFoundError
from annotator.models import JudgementEvent, Resolution
from annotator.queries.access import access_to
from annotator.queries.rankings.questions import questions_of
from annotator.services.history.events import judgement_record, judgement_withdraw
from annotator.services.history.layout import Target, text_checked
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.models import Problem

REASON_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class ResolutionResult:
    """The resolution (None = open), the event (None = nothing changed), and replays."""

    resolution: Resolution | None
    event_id: int | None
    replayed: bool = False


def contradiction_resolve(
    *,
    problem: Problem,
    contradiction: str,
    user: User,
    kept: str,
    reason: str,
    idempotency_key: UUID | None = None,
) -> ResolutionResult:
    """Say which side of a contradiction holds, or that both are meant so.

    Args:
        problem: with its project loaded.
        contradiction: its name (``queries.rankings.questions``).
        user: a reviewer; the caller has checked it.
        kept: a value of ``Resolution.Kept``.
        reason: why, for those who judged; not empty.
        idempotency_key: chosen by the client.

    Raises:
        InvalidError: another value of ``kept``, or no reason.
        NotFoundError: nothing contradicts itself like this any more.
        ConflictError: the key was used for something else.
    """
    if kept not in Resolution.Kept.values:
        message = f"What holds is one of {', '.join(Resolution.Kept.values)}, not '{kept[:20]}'."
        raise InvalidError(message, fields={"kept": message})
    said = text_checked(reason.strip(), "reason", limit=REASON_LIMIT)
    if not said:
        message = "Say why; those who judged so read it."
        raise InvalidError(message, fields={"reason": message})
    if contradiction not in _standing(problem, user):
        raise NotFoundError("This contradiction is gone: a judgement changed. Look again.")
    target = _target(problem, contradiction, user)
    state = {"kept": kept, "reason": said}
    event, replayed = judgement_record(
        target=target, state=state, user=user, idempotency_key=idempotency_key
    )
    return ResolutionResult(_row(target), event.pk, replayed)


def contradiction_reopen(
    *, problem: Problem, contradiction: str, user: User, idempotency_key: UUID | None = None
) -> ResolutionResult:
    """Take back what was said of a contradiction, as an event; nothing to take back is no event."""
    target = _target(problem, contradiction, user)
    done = judgement_withdraw(target=target, user=user, idempotency_key=idempotency_key)
    if done is None:
        return ResolutionResult(None, None)
    event, replayed = done
    return ResolutionResult(_row(target), event.pk, replayed)


def _standing(problem: Problem, user: User) -> set[str]:
    """Return the names of the contradictions of the problem, open and resolved."""
    access = access_to(user=user, project=problem.project)
    found = [
        questions_of(problems=[problem], access=access, resolved=resolved)
        for resolved in (False, True)
    ]
    return {question.name for part in found for question in part.get(problem.pk, [])}


def _target(problem: Problem, contradiction: str, user: User) -> Target:
    return Target(
        kind=JudgementEvent.Kind.RESOLUTION,
        project_id=problem.project_id,
        problem_id=problem.pk,
        rater_id=rater_for_user(project=problem.project, user=user).pk,
        key={"contradiction": contradiction},
    )


def _row(target: Target) -> Resolution | None:
    rows = Resolution.objects.select_related("rater").filter(problem=target.problem_id)
    return rows.filter(contradiction=target.key["contradiction"]).first()
