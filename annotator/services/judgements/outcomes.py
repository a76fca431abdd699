"""Outcomes of traces, as a reviewer corrects them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import InvalidError
from annotator.models import JudgementEvent, Outcome, Trace
from annotator.numbers import LARGEST, countable
from annotator.services.history.events import judgement_record
from annotator.services.history.layout import Target
from annotator.services.naming import name_clean, outcome_name_fault
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

NAME_LIMIT = 60


@dataclass(frozen=True, slots=True)
class OutcomeResult:
    """The current outcome, the event that holds the correction, and whether it is a replay."""

    outcome: Outcome
    event_id: int
    replayed: bool = False


def outcome_set(
    *,
    trace: Trace,
    user: User,
    name: str,
    value: float | None,
    idempotency_key: UUID | None = None,
) -> OutcomeResult:
    """Correct the outcome ``name`` of ``trace``; None = unknown, which is never 0.

    The outcome is shared by everybody; its source becomes the person who corrected it.

    Raises:
        InvalidError: the name cannot be an outcome's (a new one), or the value is not a finite number.
        ConflictError: the key was used by somebody else or for another judgement.
    """
    name = _name_checked(trace, name)
    if value is not None and not countable(value):
        message = f"An outcome is a finite number of at most {LARGEST:.0e} in size, not {value}; leave it empty (null) where it is unknown."
        raise InvalidError(message, fields={"value": message})
    project = trace.problem.project
    target = Target(
        kind=JudgementEvent.Kind.OUTCOME,
        project_id=project.pk,
        problem_id=trace.problem_id,
        rater_id=rater_for_user(project=project, user=user).pk,
        trace_id=trace.pk,
        key={"name": name},
    )
    number = None if value is None else float(value)
    event, replayed = judgement_record(
        target=target,
        state={"value": number, "source": f"person:{user.get_username()}"},
        user=user,
        idempotency_key=idempotency_key,
    )
    outcome = Outcome.objects.get(trace=trace, name=name)
    return OutcomeResult(outcome, event.pk, replayed)


def outcome_name_checked(name: str) -> str:
    """Return the name of a new outcome, cleaned.

    Raises:
        InvalidError: it cannot be one.
    """
    clean = name_clean(name)
    if fault := outcome_name_fault(clean, NAME_LIMIT):
        raise InvalidError(fault, fields={"name": fault})
    return clean


def _name_checked(trace: Trace, name: str) -> str:
    """Return the name cleaned; an outcome that an import brought keeps the very name it has."""
    clean = name_clean(name)
    fault = outcome_name_fault(clean, NAME_LIMIT)
    if fault or clean != name:
        if name in trace.outcomes.values_list("name", flat=True):
            return name
        if fault:
            raise InvalidError(fault, fields={"name": fault})
    return clean
