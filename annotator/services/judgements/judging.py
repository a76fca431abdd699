"""Judging a trace in order: rate what is revealed, copy a rating to the rest, submit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import transaction

from annotator.errors import InvalidError
from annotator.models import JudgementEvent, Rater, StepLabel
from annotator.queries.judgements.judging import judging_of, not_open, rating_missing
from annotator.services.history.events import key_used
from annotator.services.history.layout import LABEL_DEFAULTS
from annotator.services.history.projections import state_of_label
from annotator.services.judgements.label_batch import LabelChange, labels_record
from annotator.services.judgements.labels import guideline_number, label_set
from annotator.services.judgements.submissions import submission_set
from annotator.services.people.raters import rater_for_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from annotator.models import Step, Trace
    from annotator.services.history.layout import State
    from annotator.services.judgements.labels import LabelResult
    from annotator.services.judgements.submissions import SubmissionResult


def step_judge(*, trace: Trace, task: str, step: Step, user: User, **state: Any) -> LabelResult:
    """Set ``user``'s label of a revealed step of ``trace``; ``state`` as ``label_set`` takes it.

    Raises:
        InvalidError: the step is not on the trace, or a value is outside the scheme.
        ConflictError: an earlier step is not judged yet; or the key was used for another judgement.
    """
    judging = judging_of(trace=trace, user=user, task=task)
    at = _place(judging.step_ids, step)
    if at >= judging.revealed and not _replayed(state.get("idempotency_key")):
        raise not_open(judging, at + 1)
    return label_set(step=step, user=user, **state)


@transaction.atomic
def rest_judge(*, trace: Trace, step: Step, user: User, idempotency_key: UUID | None = None) -> int:
    """Give every later step of ``trace`` the rating that ``user`` gave ``step``: one action.

    Notes and types of errors of the later steps stay. Each copied label says in its meta where it
    was copied from, so that nobody takes it for a judgement of its own.

    Returns:
        How many steps were rated; 0 if they all had this rating.

    Raises:
        InvalidError: the step is not on the trace, is not rated, or is the last one.
        ConflictError: the key was used for another judgement.
    """
    rater = rater_for_user(project=trace.problem.project, user=user)
    Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)
    if _replayed(idempotency_key):
        return _copied(user, trace, idempotency_key)
    judging = judging_of(trace=trace, user=user, task="all_steps")
    later = judging.step_ids[_place(judging.step_ids, step) + 1 :]
    labels = StepLabel.objects.filter(rater=rater, source=None, step__in=[step.pk, *later])
    labels = labels.select_for_update(of=("self",)).select_related("error_type", "guideline")
    own = {label.step_id: label for label in labels}
    said = own.get(step.pk)
    if said is None or (said.rating is None and not said.unsure):
        raise InvalidError("Rate this step first; its rating is what the later steps get.")
    if not later:
        raise InvalidError("This is the last step; no step comes after it.")
    given: State = {
        "rating": said.rating,
        "unsure": said.unsure,
        "guideline": guideline_number(trace.problem.project_id),
        "milliseconds": None,
        "shown_score": said.shown_score,
        "meta": {"copied_from": step.pk},
    }
    if said.rating == 1:
        given["error_type"] = ""  # a right step has no error
    changes = [
        LabelChange(pk, rater.pk, {**_state(own.get(pk)), **given})
        for pk in later
        if not _same(own.get(pk), said)
    ]
    if changes:
        labels_record(changes=changes, user=user, action=uuid4(), idempotency_key=idempotency_key)
    return len(changes)


def trace_submit(
    *,
    trace: Trace,
    task: str,
    user: User,
    milliseconds: int | None = None,
    idempotency_key: UUID | None = None,
) -> SubmissionResult:
    """Record that ``user`` is done with ``trace``, and where they stopped.

    Raises:
        InvalidError: ``work_missing``: the sentence says which steps are not rated.
        ConflictError: the key was used for another judgement.
    """
    judging = judging_of(trace=trace, user=user, task=task)
    missing = rating_missing(ratings=judging.ratings, task=task)
    if missing:
        raise InvalidError(missing, code="work_missing")
    return submission_set(
        problem=trace.problem,
        trace=trace,
        user=user,
        reason=judging.reason,
        milliseconds=milliseconds,
        idempotency_key=idempotency_key,
    )


def _place(step_ids: list[int], step: Step) -> int:
    if step.pk not in step_ids:
        message = f"Step {step.pk} is not on this trace."
        raise InvalidError(message, fields={"step": message})
    return step_ids.index(step.pk)


def _same(label: StepLabel | None, said: StepLabel) -> bool:
    return label is not None and (label.rating, label.unsure) == (said.rating, said.unsure)


def _state(label: StepLabel | None) -> State:
    return LABEL_DEFAULTS if label is None else state_of_label(label)


def _replayed(key: UUID | None) -> bool:
    return key is not None and JudgementEvent.objects.filter(idempotency_key=key).exists()


def _copied(user: User, trace: Trace, key: UUID | None) -> int:
    """Count the events of an action that was carried out before.

    Raises:
        ConflictError: the key belongs to something else.
    """
    first = JudgementEvent.objects.get(idempotency_key=key)
    if first.user_id != user.pk or first.problem_id != trace.problem_id or first.action is None:
        raise key_used()
    return JudgementEvent.objects.filter(problem=trace.problem_id, action=first.action).count()
