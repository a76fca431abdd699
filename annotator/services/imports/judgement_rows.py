"""Writes what a batch's records say of their steps: one event per record, and its projections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.models import Alternative, JudgementEvent, SpanLabel, StepLabel, StepScore
from annotator.services.history.layout import (
    alternative_row,
    import_payload,
    label_row,
    outcome_row,
    span_row,
)
from annotator.services.imports.copying import copy_rows, reserve_ids
from annotator.services.imports.texts import json_text
from annotator.services.imports.verdict_rows import Verdicts, decided_places, write_verdicts
from scoring.types import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.names import Names
    from annotator.services.imports.placed import Destination, Placed
    from scoring.types import LabelRecord

EVENT_COLUMNS = ("id", "project_id", "problem_id", "kind", "source_id", "payload")
_LABEL_COLUMNS = (
    "step_id",
    "rater_id",
    "source_id",
    "event_id",
    "rating",
    "unsure",
    "error_type_id",
    "realises_error",
    "note",
    "milliseconds",
    "meta",
)
_SPAN_COLUMNS = (
    "first_id",
    "last_id",
    "rater_id",
    "source_id",
    "event_id",
    "rating",
    "error_type_id",
    "note",
    "milliseconds",
)
_ALTERNATIVE_COLUMNS = (
    "problem_id",
    "parent_id",
    "replaces_id",
    "rater_id",
    "source_id",
    "event_id",
    "text",
    "meta",
)
_SCORE_COLUMNS = ("step_id", "model_id", "score")

StepModel = tuple[int, int]


def write_judgements(
    cursor: CursorWrapper, destination: Destination, placed: Sequence[Placed]
) -> tuple[int, int, int, list[str]]:
    """Write events, labels, spans, alternatives, rankings and scores of ``placed``.

    Returns:
        How many labels (of steps and spans), how many scores, how many rankings, and warnings.
    """
    judged = [item for item in placed if _is_judged(item)]
    event_ids = reserve_ids(cursor, JudgementEvent, len(judged))
    pairs = list(zip(judged, event_ids, strict=True))
    names = destination.names
    verdicts = _verdicts(names, judged)
    copy_rows(
        cursor,
        JudgementEvent,
        EVENT_COLUMNS,
        (
            _event_row(destination, item, event_id, verdicts.get(at))
            for at, (item, event_id) in enumerate(pairs)
        ),
    )
    labels = [row for item, event_id in pairs for row in _label_rows(names, item, event_id)]
    spans = [row for item, event_id in pairs for row in _span_rows(names, item, event_id)]
    copy_rows(cursor, StepLabel, _LABEL_COLUMNS, labels)
    copy_rows(cursor, SpanLabel, _SPAN_COLUMNS, spans)
    copy_rows(
        cursor,
        Alternative,
        _ALTERNATIVE_COLUMNS,
        (row for item, event_id in pairs for row in _alternative_rows(names, item, event_id)),
    )
    n_rankings = write_verdicts(
        cursor, destination.project.pk, [(row, event_ids[at]) for at, row in verdicts.items()]
    )
    n_scores, warnings = _write_record_scores(cursor, names, placed)
    if left_out := sum(row.n_left_out for row in verdicts.values()):
        warnings.append(
            f"{left_out:,} final decisions on places that have one already, which stays"
        )
    return len(labels) + len(spans), n_scores, n_rankings, warnings


def insert_scores(
    cursor: CursorWrapper, scores: dict[StepModel, float]
) -> tuple[int, dict[StepModel, float]]:
    """Write scores where their step has none of that model yet.

    Traces that share a step may come with slightly different scores of it; the first stays.

    Returns:
        How many were written, and the stored scores of those that had one already.
    """
    if not scores:
        return 0, {}
    steps, models = zip(*scores, strict=True)
    cursor.execute(
        """
        SELECT score.step_id, score.model_id, score.score FROM annotator_stepscore AS score
        JOIN unnest(%s::bigint[], %s::bigint[]) AS wanted (step_id, model_id)
             USING (step_id, model_id)
        """,
        [list(steps), list(models)],
    )
    stored = {(row[0], row[1]): float(row[2]) for row in cursor.fetchall()}
    rows = [(*key, score) for key, score in scores.items() if key not in stored]
    copy_rows(cursor, StepScore, _SCORE_COLUMNS, rows)
    return len(rows), stored


def _is_judged(item: Placed) -> bool:
    record = item.prepared.record
    return bool(
        record.labels
        or record.spans
        or record.alternatives
        or any(trace.outcomes for trace in record.traces)
        or _has_verdicts(item)
    )


def _has_verdicts(item: Placed) -> bool:
    record = item.prepared.record
    return bool(record.rankings or record.submissions or record.comments or record.adjudications)


def _verdicts(names: Names, judged: Sequence[Placed]) -> dict[int, Verdicts]:
    """Return what the records say beside their labels, by place in ``judged``."""
    speaking = [(at, item) for at, item in enumerate(judged) if _has_verdicts(item)]
    stored = [item.problem.id for _, item in speaking if item.problem.stored]
    decided = decided_places(stored) if stored else set()
    return {at: Verdicts(names, item, decided) for at, item in speaking}


def _labels(item: Placed) -> Iterator[tuple[int, LabelRecord]]:
    """Yield the record's labels with their positions, repeated ones left out."""
    repeated = item.prepared.repeated
    for position, label in enumerate(item.prepared.record.labels):
        if position not in repeated:
            yield position, label


def _event_row(
    destination: Destination, item: Placed, event_id: int, verdicts: Verdicts | None
) -> Sequence[Any]:
    record = item.prepared.record
    names = destination.names
    payload = import_payload(
        labels=[
            label_row(
                step=item.step_id(label.node),
                rater=names.rater_id(label.rater),
                rating=label.rating,
                unsure=label.unsure,
                error_type=names.error_type_key(label.error_type),
                realises_error=label.realises_error,
                note=label.note,
                milliseconds=label.milliseconds,
                meta=label.meta,
            )
            for _, label in _labels(item)
        ],
        spans=[
            span_row(
                first=item.step_id(span.first),
                last=item.step_id(span.last),
                rater=names.rater_id(span.rater),
                rating=span.rating,
                error_type=names.error_type_key(span.error_type),
                note=span.note,
                milliseconds=span.milliseconds,
            )
            for span in record.spans
        ],
        alternatives=[
            alternative_row(
                parent=_optional_step(item, alternative.parent),
                replaces=_optional_step(item, alternative.replaces),
                rater=names.rater_id(alternative.rater),
                text=alternative.text,
                meta=alternative.meta,
            )
            for alternative in record.alternatives
        ],
        outcomes=[
            outcome_row(
                trace=trace_id, name=outcome.name, value=outcome.value, source=outcome.source
            )
            for trace, trace_id in zip(record.traces, item.trace_ids, strict=True)
            for outcome in trace.outcomes
        ],
        **(verdicts.as_lists() if verdicts else {}),
    )
    kind = JudgementEvent.Kind.IMPORT.value
    text = json_text(payload, "judgements")
    return event_id, destination.project.pk, item.problem.id, kind, item.source_id, text


def _label_rows(names: Names, item: Placed, event_id: int) -> Iterator[Sequence[Any]]:
    metas = item.prepared.label_metas
    for position, label in _labels(item):
        yield (
            item.step_id(label.node),
            names.rater_id(label.rater),
            item.source_id,
            event_id,
            label.rating,
            label.unsure,
            names.error_type_id(label.error_type),
            label.realises_error,
            label.note,
            label.milliseconds,
            metas.get(position),
        )


def _span_rows(names: Names, item: Placed, event_id: int) -> Iterator[Sequence[Any]]:
    for span in item.prepared.record.spans:
        yield (
            item.step_id(span.first),
            item.step_id(span.last),
            names.rater_id(span.rater),
            item.source_id,
            event_id,
            span.rating,
            names.error_type_id(span.error_type),
            span.note,
            span.milliseconds,
        )


def _alternative_rows(names: Names, item: Placed, event_id: int) -> Iterator[Sequence[Any]]:
    metas = item.prepared.alternative_metas
    for position, alternative in enumerate(item.prepared.record.alternatives):
        yield (
            item.problem.id,
            _optional_step(item, alternative.parent),
            _optional_step(item, alternative.replaces),
            names.rater_id(alternative.rater),
            item.source_id,
            event_id,
            alternative.text,
            metas.get(position),
        )


def _optional_step(item: Placed, node: int | None) -> int | None:
    return None if node is None or node == ROOT else item.step_id(node)


def _write_record_scores(
    cursor: CursorWrapper, names: Names, placed: Sequence[Placed]
) -> tuple[int, list[str]]:
    scores: dict[StepModel, float] = {}
    differing = 0
    for item in placed:
        for row in item.prepared.record.scores:
            model_id = names.model_id(row.model, row.version)
            for node, value in zip(row.nodes, row.values, strict=True):
                first = scores.setdefault((item.step_id(node), model_id), float(value))
                differing += first != value
    written, stored = insert_scores(cursor, scores)
    differing += sum(scores[key] != score for key, score in stored.items())
    return written, [kept_first(differing)] if differing else []


def kept_first(n_scores: int) -> str:
    """Say that shared steps came with more than one score of a model."""
    return (
        f"{n_scores:,} scores of steps that several traces share differ from the first score of "
        "the same step and model, which is kept"
    )
