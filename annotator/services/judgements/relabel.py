"""Labels that change their type of error together: one event each, one action in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django.db import transaction
from django.db.models.functions import Now

from annotator.errors import InvalidError
from annotator.models import JudgementEvent, SpanLabel, StepLabel
from annotator.services.guidelines.taxonomy import in_use
from annotator.services.history.layout import SPAN_DEFAULTS
from annotator.services.history.projections import state_of, state_of_label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from annotator.models import ErrorType

CHUNK = 1_000
Judgement = StepLabel | SpanLabel


@transaction.atomic
def error_type_labels_move(*, error_type: ErrorType, to: ErrorType, user: User) -> int:
    """Give every label of ``error_type`` the type ``to``: an event each, one action in all.

    Labels of imported files stay as the file has them.

    Returns:
        How many labels changed.

    Raises:
        InvalidError: ``to`` is the same node or of another project.
        ConflictError: only imported labels have the type.
    """
    if to.pk == error_type.pk or to.project_id != error_type.project_id:
        reason = "Choose another node of this project."
        raise InvalidError(reason, fields={"to": reason})
    action = uuid4()
    moved = 0
    for rows in _rows(error_type):
        own = rows.filter(source=None).select_related("error_type", "guideline", "rater")
        for chunk in _chunks(own):
            _retype(chunk, to, user, action)
            moved += len(chunk)
    imported = sum(rows.count() for rows in _rows(error_type))
    if not moved and imported:
        raise in_use(
            f"All {imported:,} labels with the type '{error_type.label}' came with imported files "
            "and stay as the files have them. Retire the node instead."
        )
    return moved


def _retype(labels: list[Judgement], to: ErrorType, user: User, action: UUID) -> None:
    """Append an event for each label that changes its type, and update the rows."""
    events = [_retyped(label, to, user, action) for label in labels]
    JudgementEvent.objects.bulk_create(events)
    for label, event in zip(labels, events, strict=True):
        label.error_type, label.event = to, event
    rows = cast("Any", type(labels[0])).objects
    rows.bulk_update(labels, ["error_type", "event"])
    rows.filter(pk__in=[label.pk for label in labels]).update(updated=Now())


def _retyped(label: Judgement, to: ErrorType, user: User, action: UUID) -> JudgementEvent:
    key: dict[str, Any] = {}
    if isinstance(label, StepLabel):
        kind, step, before = JudgementEvent.Kind.STEP_LABEL, label.step, state_of_label(label)
    else:
        kind, step = JudgementEvent.Kind.SPAN_LABEL, label.first
        before = state_of(label, SPAN_DEFAULTS)
        key = {"first": label.first_id, "last": label.last_id}
    return JudgementEvent(
        project_id=to.project_id,
        problem_id=step.problem_id,
        kind=kind,
        rater_id=label.rater_id,
        user=user,
        step_id=step.pk,
        payload={**key, **before, "error_type": to.key},
        before=before,
        action=action,
    )


def _rows(error_type: ErrorType) -> tuple[QuerySet[Any], QuerySet[Any]]:
    return (
        StepLabel.objects.filter(error_type=error_type).select_related("step"),
        SpanLabel.objects.filter(error_type=error_type).select_related("first"),
    )


def _chunks(rows: QuerySet[Any]) -> Iterator[list[Judgement]]:
    """Yield locked rows; each chunk leaves the filter once it is retyped."""
    while chunk := list(rows.select_for_update(of=("self",)).order_by("pk")[:CHUNK]):
        yield chunk
