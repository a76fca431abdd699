"""Rating sheets: rankings of traces that another file brought before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.db import connection, transaction

from annotator.models import JudgementEvent, Ranking, SourceRecord
from annotator.services.history.layout import import_payload
from annotator.services.imports.copying import copy_rows, lock_imports, reserve_ids
from annotator.services.imports.judgement_rows import EVENT_COLUMNS
from annotator.services.imports.known import split_known
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
    there,
    traces_named,
)
from annotator.services.imports.verdict_checks import check_ranking
from annotator.services.imports.verdict_rows import RANKING_COLUMNS, ranking_columns, ranking_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.placed import Destination
    from scoring.types import TraceRankingsRecord


@dataclass(slots=True)
class PreparedRankings:
    """A row of a rating sheet that the database will take.

    ``content``: blake2b-16 of what the row says; ``meta``: JSON text.
    """

    record: TraceRankingsRecord
    key_hash: bytes
    content: bytes
    meta: str


RankingsWritten = RowsWritten[PreparedRankings]


def prepare_rankings(record: TraceRankingsRecord, file: str) -> PreparedRankings:
    """Check ``record`` and return it ready to be joined.

    Args:
        record: a rater without a name is called after the file.
        file: its name.

    Raises:
        RecordRefusedError: naming the field and what is wrong with it.
    """
    check_text(record.key, "key")
    check_integer(record.line, "line")
    check_integer(record.record, "record")
    stem = PurePosixPath(file.replace("\\", "/")).stem
    own = any(not ranking.rater.name for ranking in record.rankings)
    record.key = f"{stem}:{record.key}" if own else record.key
    for i, ranking in enumerate(record.rankings):
        if not ranking.rater.name:
            ranking.rater = replace(ranking.rater, name=stem)
        if ranking.level != Ranking.Level.TRACE:
            raise RecordRefusedError(f"rankings[{i}].level is {ranking.level!r}, not 'trace'")
        check_ranking(ranking, f"rankings[{i}]", (), len(record.trace_keys))
    said = {
        "traces": record.trace_keys,
        "meta": record.meta,
        "rankings": [
            ranking_row(ranking, 0, None, dict(enumerate(range(len(record.trace_keys)))))
            for ranking in record.rankings
        ],
        "raters": [[r.rater.kind, r.rater.name, r.rater.version] for r in record.rankings],
    }
    return PreparedRankings(
        record, digest(record.key), digest(json_text(said, "row")), json_text(record.meta, "meta")
    )


@transaction.atomic
def write_trace_rankings(
    destination: Destination, batch: Sequence[PreparedRankings]
) -> RankingsWritten:
    """Join the rows of ``batch`` to their traces and store the rankings."""
    with connection.cursor() as cursor:
        lock_imports(cursor, destination.project.pk)
        fresh, refused = split_known(cursor, destination, batch, differs=_judgements_differ)
        known = len(batch) - len(fresh) - len(refused)
        written = RankingsWritten(Counts(accepted=known, unchanged=known), refused)
        names = (name for row in fresh for name in _names(row))
        traces = traces_named(cursor, destination.project.pk, names)
        joined = []
        for row in fresh:
            try:
                joined.append((row, *_the_ones(row, traces)))
            except RecordRefusedError as error:
                written.refused.append((row, str(error)))
        written.counts.accepted += len(joined)
        _write(cursor, destination, joined, written)
    return written


def _judgements_differ(_: str, place: str) -> str:
    return f"judgements differ from those of the same rater and traces in {place}"


def _names(row: PreparedRankings) -> list[TraceName]:
    return [(row.record.trace_format, key) for key in row.record.trace_keys]


def _the_ones(
    row: PreparedRankings, traces: Mapping[TraceName, Sequence[NamedTrace]]
) -> tuple[int, dict[int, int]]:
    """Return the problem and the id of each trace that ``row`` judges.

    Raises:
        RecordRefusedError: one is not there, is there twice, or belongs to another problem.
    """
    meant = [only(there(traces, name, "cards"), name) for name in _names(row)]
    problems = {trace.problem_id for trace in meant}
    if len(problems) != 1:
        raise RecordRefusedError("the traces belong to different problems")
    return problems.pop(), {at: trace.id for at, trace in enumerate(meant)}


def _write(
    cursor: CursorWrapper,
    destination: Destination,
    joined: Sequence[tuple[PreparedRankings, int, dict[int, int]]],
    written: RankingsWritten,
) -> None:
    project = destination.project.pk
    sources = reserve_ids(cursor, SourceRecord, len(joined))
    event_ids = reserve_ids(cursor, JudgementEvent, len(joined))
    records, events, rankings = [], [], []
    for (row, problem, ids), source, event in zip(joined, sources, event_ids, strict=True):
        record = row.record
        records.append(
            source_row(destination, source, problem, record, row.key_hash, row.meta, row.content)
        )
        rows = [
            ranking_row(ranking, destination.names.rater_id(ranking.rater), None, ids)
            for ranking in record.rankings
        ]
        payload = json_text(import_payload(rankings=rows), "judgements")
        kind = JudgementEvent.Kind.IMPORT.value
        events.append((event, project, problem, kind, source, payload))
        rankings += [ranking_columns(item, problem, source, event) for item in rows]
    copy_rows(cursor, SourceRecord, SOURCE_COLUMNS, records)
    copy_rows(cursor, JudgementEvent, EVENT_COLUMNS, events)
    copy_rows(cursor, Ranking, RANKING_COLUMNS, rankings)
    written.counts.rankings = len(rankings)
