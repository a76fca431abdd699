"""The current rows of judgements: how those of each kind are found, read (and locked) and written.

Events say what they become (``services.history.events``); ``services.history.rebuild`` makes them again from the log.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from annotator.models import (
    Alternative,
    ErrorType,
    GuidelineVersion,
    JudgementEvent,
    Outcome,
    Ranking,
    Rater,
    SpanLabel,
    StepLabel,
    Submission,
    Trace,
)
from annotator.services.history.layout import (
    ALTERNATIVE_DEFAULTS,
    LABEL_DEFAULTS,
    OUTCOME_DEFAULTS,
    RANKING_DEFAULTS,
    SPAN_DEFAULTS,
    SUBMISSION_DEFAULTS,
    State,
    Target,
)
from annotator.services.history.shared_rows import DECISIONS, RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model

Kind = JudgementEvent.Kind


def state_of(row: Model, defaults: State) -> State:
    """Return a row as the state of its event; ``error_type`` and ``guideline`` by what names them."""
    state: State = {name: getattr(row, name) for name in defaults}
    if "error_type" in state:
        state["error_type"] = state["error_type"].key if state["error_type"] else ""
    if "guideline" in state:
        state["guideline"] = state["guideline"].number if state["guideline"] else None
    return state


def state_of_label(label: StepLabel) -> State:
    """Return a label row as the state of its event."""
    return state_of(label, LABEL_DEFAULTS)


def scheme_columns(project_id: int, state: State) -> dict[str, Any]:
    """Turn the state's error type key and guideline number into the rows they name."""
    key, number = state.get("error_type", ""), state.get("guideline")
    return {
        "error_type": ErrorType.objects.filter(project=project_id, key=key).first()
        if key
        else None,
        "guideline": None
        if number is None
        else GuidelineVersion.objects.filter(project=project_id, number=number).first(),
    }


def _label_found(target: Target) -> dict[str, Any]:
    return {"step_id": target.step_id, "rater_id": target.rater_id, "source": None}


def _span_found(target: Target) -> dict[str, Any]:
    first, last = target.key["first"], target.key["last"]
    return {"first_id": first, "last_id": last, "rater_id": target.rater_id, "source": None}


def _alternative_found(target: Target) -> dict[str, Any]:
    return {
        "problem_id": target.problem_id,
        "parent_id": target.key["parent"],
        "replaces_id": target.key["replaces"],
        "rater_id": target.rater_id,
        "source": None,
    }


def _submission_found(target: Target) -> dict[str, Any]:
    return {
        "problem_id": target.problem_id,
        "trace_id": target.trace_id,
        "rater_id": target.rater_id,
    }


def _ranking_found(target: Target) -> dict[str, Any]:
    return {
        "problem_id": target.problem_id,
        "level": target.key["level"],
        "parent_id": target.key["parent"],
        "criterion": target.key["criterion"],
        "rater_id": target.rater_id,
        "source": None,
    }


def _outcome_read(target: Target) -> State | None:
    # The trace is locked, not the outcome: an outcome that does not exist yet cannot be.
    Trace.objects.select_for_update(no_key=True).get(pk=target.trace_id or 0)
    row = Outcome.objects.filter(trace=target.trace_id, name=target.key["name"]).first()
    return None if row is None else state_of(row, OUTCOME_DEFAULTS)


def _outcome_write(target: Target, event_id: int, state: State | None) -> None:
    del (
        event_id
    )  # events of one trace are appended under its lock, so the last writer is the newest
    found: dict[str, Any] = {"trace_id": target.trace_id, "name": target.key["name"]}
    if state is None:
        Outcome.objects.filter(**found).delete()
        return
    Outcome.objects.update_or_create(**found, defaults={**OUTCOME_DEFAULTS, **state})


@dataclass(frozen=True, slots=True)
class Projection:
    """How the rows of one kind of judgement are found, read (and locked) and written."""

    key: tuple[str, ...]
    read: Callable[[Target], State | None]
    write: Callable[[Target, int, State | None], None]


def _of_rater(
    model: type[Model],
    defaults: State,
    found: Callable[[Target], dict[str, Any]],
    key: tuple[str, ...] = (),
) -> Projection:
    """Return the projection of rows that belong to one rater and name their event.

    Args:
        model: the table.
        defaults: its state's fields.
        found: the columns that identify a row.
        key: the part of the identity that is in the payload.
    """
    named = [name for name in ("error_type", "guideline") if name in defaults]

    def read(target: Target) -> State | None:
        rows = model._default_manager.select_for_update(of=("self",)).filter(**found(target))
        row = (rows.select_related(*named) if named else rows).first()
        return None if row is None else state_of(row, defaults)

    def write(target: Target, event_id: int, state: State | None) -> None:
        if state is None:
            model._default_manager.filter(**found(target)).delete()
            return
        scheme = scheme_columns(target.project_id, state)
        columns: dict[str, Any] = {**defaults, **state, "event_id": event_id, "updated": Now()}
        columns |= {name: scheme[name] for name in named}
        model._default_manager.update_or_create(**found(target), defaults=columns)

    return Projection(key, read, write)


_ALTERNATIVES = _of_rater(
    Alternative, ALTERNATIVE_DEFAULTS, _alternative_found, ("parent", "replaces")
)


def _alternative_read(target: Target) -> State | None:
    # The table keeps no two rows of one person apart: of two first ones in the same moment, the
    # second waits here and then rewrites the row of the first.
    Rater.objects.select_for_update(no_key=True).get(pk=target.rater_id or 0)
    return _ALTERNATIVES.read(target)


PROJECTIONS: dict[str, Projection] = {
    Kind.STEP_LABEL: _of_rater(StepLabel, LABEL_DEFAULTS, _label_found),
    Kind.SPAN_LABEL: _of_rater(SpanLabel, SPAN_DEFAULTS, _span_found, ("first", "last")),
    Kind.ALTERNATIVE: replace(_ALTERNATIVES, read=_alternative_read),
    Kind.OUTCOME: Projection(("name",), _outcome_read, _outcome_write),
    Kind.SUBMISSION: _of_rater(Submission, SUBMISSION_DEFAULTS, _submission_found),
    Kind.RANKING: _of_rater(
        Ranking, RANKING_DEFAULTS, _ranking_found, ("level", "parent", "criterion")
    ),
    Kind.ADJUDICATION: Projection(DECISIONS.key, DECISIONS.read, DECISIONS.write),
    Kind.RESOLUTION: Projection(RESOLUTIONS.key, RESOLUTIONS.read, RESOLUTIONS.write),
}
