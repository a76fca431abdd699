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
from annotator.services.imports.report import Counts, place_words
from annotator.services.imports.texts import (
    RecordRefusedError,
    check_integer,
    check_text,
    digest,
    json_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.placed import Target
    from scoring.types import TraceScoresRecord

_COLUMNS = (
    "id",
    "project_id",
    "problem_id",
    "file_id",
    "format",
    "key_hash",
    "key",
    "record",
    "line",
    "meta",
)
_CORRECT = "correct"


@dataclass(slots=True)
class PreparedScores:
    """A row of a score file that the database will take; ``meta`` keeps the whole list."""

    record: TraceScoresRecord
    key_hash: bytes
    meta: str


@dataclass(frozen=True, slots=True)
class ScoredTrace:
    """A trace that a row may mean; ``n_steps`` is the length of its path."""

    id: int
    problem_id: int
    n_steps: int
    correct: float | None


@dataclass(slots=True)
class ScoresWritten:
    """What a batch of score rows did; ``refused`` and ``warnings`` say which row and why."""

    counts: Counts
    refused: list[tuple[PreparedScores, str]]
    warnings: list[tuple[PreparedScores, str]]


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
    meta = {
        "model": record.model,
        "version": record.version,
        "trace": record.trace_key,
        "values": [float(value) for value in record.values],
        "claims": record.claims,
    }
    return PreparedScores(record, digest(record.key), json_text(meta, "claims"))


@transaction.atomic
def write_trace_scores(target: Target, batch: Sequence[PreparedScores]) -> ScoresWritten:
    """Join the rows of ``batch`` to their traces and store the scores."""
    written = ScoresWritten(Counts(), [], [])
    with connection.cursor() as cursor:
        lock_imports(cursor, target.project.pk)
        fresh = _new_rows(cursor, target, batch, written)
        traces = _find_traces(cursor, target, fresh)
        joined: list[tuple[PreparedScores, ScoredTrace]] = []
        for row in fresh:
            try:
                trace = _the_one(row, traces[row.record.trace_format, row.record.trace_key])
            except RecordRefusedError as error:
                written.refused.append((row, str(error)))
                continue
            joined.append((row, trace))
            if warning := _contradiction(row, trace):
                written.warnings.append((row, warning))
        written.counts.accepted += len(joined)
        _write(cursor, target, joined, written)
    return written


def _new_rows(
    cursor: CursorWrapper,
    target: Target,
    batch: Sequence[PreparedScores],
    written: ScoresWritten,
) -> list[PreparedScores]:
    """Return the rows whose key is new; count the same list again, refuse a different one."""
    cursor.execute(
        """
        SELECT record.key_hash, record.meta -> 'values', record.line, record.record, file.name
        FROM annotator_sourcerecord AS record
        JOIN annotator_sourcefile AS file ON file.id = record.file_id
        WHERE record.project_id = %s AND record.format = %s AND record.key_hash = ANY(%s)
        """,
        [target.project.pk, target.format, [row.key_hash for row in batch]],
    )
    known = {
        bytes(key_hash): (_parsed(values), place_words(line, record, name))
        for key_hash, values, line, record, name in cursor.fetchall()
    }
    fresh = []
    for row in batch:
        values = [float(value) for value in row.record.values]
        place = place_words(row.record.line, row.record.record, target.file.name)
        first, where = known.setdefault(row.key_hash, (values, place))
        if first is values:
            fresh.append(row)
        elif first == values:
            written.counts.accepted += 1
            written.counts.unchanged += 1
        else:
            reason = f"scores differ from those of the same trace and model in {where}"
            written.refused.append((row, reason))
    return fresh


def _parsed(values: str) -> list[float]:
    """Return a jsonb array, which Django's cursors give as text."""
    return [float(value) for value in json.loads(values)]


def _find_traces(
    cursor: CursorWrapper, target: Target, rows: Sequence[PreparedScores]
) -> dict[tuple[str, str], list[ScoredTrace]]:
    """Return the project's traces by format and key."""
    keys: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        keys[row.record.trace_format].append(row.record.trace_key)
    found: dict[tuple[str, str], list[ScoredTrace]] = defaultdict(list)
    for trace_format, wanted in keys.items():
        cursor.execute(
            """
            SELECT trace.key, trace.id, trace.problem_id, step.depth, outcome.value
            FROM annotator_sourcerecord AS record
            JOIN annotator_trace AS trace ON trace.source_id = record.id
            JOIN annotator_step AS step ON step.id = trace.end_id
            LEFT JOIN annotator_outcome AS outcome
                      ON outcome.trace_id = trace.id AND outcome.name = %s
            WHERE record.project_id = %s AND record.format = %s AND trace.key = ANY(%s)
            ORDER BY trace.id
            """,
            [_CORRECT, target.project.pk, trace_format, wanted],
        )
        for key, *trace in cursor.fetchall():
            found[trace_format, key].append(ScoredTrace(*trace))
    return found


def _the_one(row: PreparedScores, traces: Sequence[ScoredTrace]) -> ScoredTrace:
    """Return the trace that ``row`` means.

    Raises:
        RecordRefusedError: there is none, none of this length, or more than one.
    """
    record = row.record
    name = f"'{record.trace_key}' ({record.trace_format})"
    if not traces:
        raise RecordRefusedError(f"no trace {name} in this project: import the candidates first")
    fitting = [trace for trace in traces if trace.n_steps == len(record.values)]
    if not fitting:
        raise RecordRefusedError(
            f"{len(record.values)} scores for trace {name}, which has {traces[0].n_steps} steps"
        )
    if len(fitting) > 1:
        raise RecordRefusedError(
            f"{len(fitting)} traces of this project are called {name}: put them into projects of "
            "their own"
        )
    return fitting[0]


def _contradiction(row: PreparedScores, trace: ScoredTrace) -> str | None:
    """Say where the row disagrees with the trace it was joined to."""
    claim = row.record.claims.get("is_correct")
    if claim is None or trace.correct is None or bool(claim) == bool(trace.correct):
        return None
    return f"says is_correct = {str(claim).lower()}, the trace's outcome is {trace.correct:g}"


def _write(
    cursor: CursorWrapper,
    target: Target,
    joined: Sequence[tuple[PreparedScores, ScoredTrace]],
    written: ScoresWritten,
) -> None:
    paths = _paths(cursor, [trace.id for _, trace in joined])
    scores: dict[StepModel, float] = {}
    differing = 0
    for row, trace in joined:
        model_id = target.names.model_id(row.record.model, row.record.version)
        for step_id, value in zip(paths[trace.id], row.record.values, strict=True):
            first = scores.setdefault((step_id, model_id), float(value))
            differing += first != value
    written.counts.scores, stored = insert_scores(cursor, scores)
    differing += sum(scores[key] != score for key, score in stored.items())
    if differing:
        written.warnings.append((joined[0][0], kept_first(differing)))
    ids = reserve_ids(cursor, SourceRecord, len(joined))
    copy_rows(cursor, SourceRecord, _COLUMNS, _source_rows(target, ids, joined))


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
    target: Target,
    ids: Sequence[int],
    joined: Sequence[tuple[PreparedScores, ScoredTrace]],
) -> Iterator[Sequence[Any]]:
    for source_id, (row, trace) in zip(ids, joined, strict=True):
        yield (
            source_id,
            target.project.pk,
            trace.problem_id,
            target.file.pk,
            target.format,
            row.key_hash,
            row.record.key,
            row.record.record,
            row.record.line,
            row.meta,
        )
