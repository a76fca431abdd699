"""Score files: step scores for traces that another file brought before."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from annotator.models import SourceRecord
from annotator.services.imports.copying import copy_rows, lock_imports, reserve_ids
from annotator.services.imports.judgement_checks import check_model
from annotator.services.imports.judgement_rows import StepModel, insert_scores, kept_first
from annotator.services.imports.known import Stored, split_known
from annotator.services.imports.report import Counts
from annotator.services.imports.sources import SOURCE_COLUMNS, source_row
from annotator.services.imports.texts import (
    RecordRefusedError,
    check_integer,
    check_text,
    digest,
    json_text,
)
from annotator.services.imports.trace_rows import (
    NamedTrace,
    RowsWritten,
    TraceName,
    only,
    shown,
    there,
    traces_named,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.placed import Destination
    from scoring.types import TraceScoresRecord


@dataclass(slots=True)
class PreparedScores:
    """A row of a score file that the database will take; ``meta`` keeps the whole list."""

    record: TraceScoresRecord
    key_hash: bytes
    content: list[float]
    meta: str


ScoresWritten = RowsWritten[PreparedScores]
# Django's cursors give jsonb as text.
VALUES = Stored("record.meta -> 'values'", lambda text: [float(x) for x in json.loads(text)])


def prepare_scores(record: TraceScoresRecord) -> PreparedScores:
    """Check ``record`` and return it ready to be joined.

    Raises:
        RecordRefusedError: naming the field and what is wrong with it.
    """
    check_text(record.key, "key")
    check_text(record.trace_key, "trace_key")
    check_model(record.model, record.version, "scores")
    check_integer(record.line, "line")
    check_integer(record.record, "record")
    for i, value in enumerate(record.values):
        if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= 1:
            raise RecordRefusedError(f"values[{i}] is {value!r}, not a score from 0 to 1")
    values = [float(value) for value in record.values]
    meta = {
        "model": record.model,
        "version": record.version,
        "trace": record.trace_key,
        "values": values,
        "claims": record.claims,
    }
    return PreparedScores(record, digest(record.key), values, json_text(meta, "claims"))


@transaction.atomic
def write_trace_scores(destination: Destination, batch: Sequence[PreparedScores]) -> ScoresWritten:
    """Join the rows of ``batch`` to their traces and store the scores."""
    with connection.cursor() as cursor:
        lock_imports(cursor, destination.project.pk)
        fresh, refused = split_known(
            cursor, destination, batch, stored=VALUES, differs=_scores_differ
        )
        known = len(batch) - len(fresh) - len(refused)
        written = ScoresWritten(Counts(accepted=known, unchanged=known), refused)
        traces = traces_named(cursor, destination.project.pk, map(_name, fresh))
        joined: list[tuple[PreparedScores, NamedTrace]] = []
        for row in fresh:
            try:
                trace = _the_one(row, traces)
            except RecordRefusedError as error:
                written.refused.append((row, str(error)))
                continue
            joined.append((row, trace))
            if warning := _contradiction(row, trace):
                written.warnings.append((row, warning))
        written.counts.accepted += len(joined)
        _write(cursor, destination, joined, written)
    return written


def _scores_differ(_: str, place: str) -> str:
    return f"scores differ from those of the same trace and model in {place}"


def _name(row: PreparedScores) -> TraceName:
    return row.record.trace_format, row.record.trace_key


def _the_one(row: PreparedScores, traces: Mapping[TraceName, Sequence[NamedTrace]]) -> NamedTrace:
    """Return the trace that ``row`` means.

    Raises:
        RecordRefusedError: there is none, none of this length, or more than one.
    """
    name, n_scores = _name(row), len(row.record.values)
    found = there(traces, name, "candidates")
    fitting = [trace for trace in found if trace.n_steps == n_scores]
    if not fitting:
        raise RecordRefusedError(
            f"{n_scores} scores for trace {shown(name)}, which has {found[0].n_steps} steps"
        )
    return only(fitting, name)


def _contradiction(row: PreparedScores, trace: NamedTrace) -> str | None:
    """Say where the row disagrees with the trace it was joined to."""
    claim = row.record.claims.get("is_correct")
    if claim is None or trace.correct is None or bool(claim) == bool(trace.correct):
        return None
    return f"says is_correct = {str(claim).lower()}, the trace's outcome is {trace.correct:g}"


def _write(
    cursor: CursorWrapper,
    destination: Destination,
    joined: Sequence[tuple[PreparedScores, NamedTrace]],
    written: ScoresWritten,
) -> None:
    paths = _paths(cursor, [trace.id for _, trace in joined])
    scores: dict[StepModel, float] = {}
    differing = 0
    for row, trace in joined:
        model_id = destination.names.model_id(row.record.model, row.record.version)
        for step_id, value in zip(paths[trace.id], row.record.values, strict=True):
            first = scores.setdefault((step_id, model_id), float(value))
            differing += first != value
    written.counts.scores, stored = insert_scores(cursor, scores)
    differing += sum(scores[key] != score for key, score in stored.items())
    if differing:
        written.warnings.append((joined[0][0], kept_first(differing)))
    ids = reserve_ids(cursor, SourceRecord, len(joined))
    copy_rows(cursor, SourceRecord, SOURCE_COLUMNS, _source_rows(destination, ids, joined))


def _paths(cursor: CursorWrapper, trace_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the step ids of each trace from the first to the last."""
    cursor.execute(
        """
        WITH RECURSIVE path (trace_id, step_id, parent_id, depth) AS (
            SELECT trace.id, step.id, step.parent_id, step.depth
            FROM annotator_trace AS trace JOIN annotator_step AS step ON step.id = trace.end_id
            WHERE trace.id = ANY(%s)
            UNION ALL
            SELECT path.trace_id, step.id, step.parent_id, step.depth
            FROM path JOIN annotator_step AS step ON step.id = path.parent_id
        )
        SELECT trace_id, step_id FROM path ORDER BY trace_id, depth
        """,
        [list(trace_ids)],
    )
    paths: dict[int, list[int]] = defaultdict(list)
    for trace_id, step_id in cursor.fetchall():
        paths[trace_id].append(step_id)
    return paths


def _source_rows(
    destination: Destination,
    ids: Sequence[int],
    joined: Sequence[tuple[PreparedScores, NamedTrace]],
) -> Iterator[Sequence[Any]]:
    for source_id, (row, trace) in zip(ids, joined, strict=True):
        yield source_row(
            destination, source_id, trace.problem_id, row.record, row.key_hash, row.meta
        )
