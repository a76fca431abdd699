"""The loop of an import: records in, batches out, every record accounted for."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from django.db import DataError, IntegrityError, OperationalError

from annotator.services.collector import collector_paused
from annotator.services.imports.ahead import ReadAhead
from annotator.services.imports.batches import TreesWritten, write_trees
from annotator.services.imports.collect import Batch, batches
from annotator.services.imports.names import Names
from annotator.services.imports.placed import Destination
from annotator.services.imports.prepare import Prepared
from annotator.services.imports.report import ImportReport, ImportStoppedError, Place
from annotator.services.imports.trace_rankings import (
    PreparedRankings,
    RankingsWritten,
    write_trace_rankings,
)
from annotator.services.imports.trace_scores import (
    PreparedScores,
    ScoresWritten,
    write_trace_scores,
)

if TYPE_CHECKING:
    from annotator.models import Project, SourceFile
    from scoring.types import ImportItem

COLLECT_EVERY = 32
"""Batches between two looks for cyclic garbage, each of which walks a whole batch."""
DEADLOCK = "40P01"
DEADLOCK_TRIES = 3

_Result = TypeVar("_Result")
_Item = TypeVar("_Item", Prepared, PreparedScores, PreparedRankings)
OnBatch = Callable[[ImportReport], None]


def import_records(
    *,
    project: Project,
    format: str,  # noqa: A002 - the contract's word
    items: Iterable[ImportItem],
    file: SourceFile,
    on_batch: OnBatch | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ImportReport:
    """Store ``items`` in ``project``; each is taken or refused whole.

    Records are written in batches of about twenty thousand steps, each its own transaction, so an
    import that ends early has stored a prefix of the file and importing again completes it.

    Args:
        project: where they go.
        format: the key of their format; keys of records are unique within it.
        items: in file order; read once, beyond the first batch in a thread of its own, so they
            must not ask the database.
        file: the row that the records will name as their origin.
        on_batch: called after each batch with the report so far.
        should_stop: asked before each batch (at least every second or so); True ends the import
            and marks the report cancelled. What was stored stays.

    Raises:
        ImportStoppedError: the database failed (a full disk); what was stored stays.
    """
    writer = _Writer(Destination(project, format, file, Names(project)))
    with collector_paused(), closing(ReadAhead(batches(items, file.name))) as ahead:
        for number, batch in enumerate(ahead):
            if should_stop is not None and should_stop():
                writer.report.cancelled = True
                break
            writer.write(batch)
            if on_batch is not None:
                on_batch(writer.report)
            if number % COLLECT_EVERY == COLLECT_EVERY - 1:
                gc.collect(0)
    return writer.report


class _Writer:
    """Writes batches and accounts for every record of them."""

    def __init__(self, destination: Destination) -> None:
        self.report = ImportReport(destination.format)
        self._destination = destination

    def write(self, batch: Batch) -> None:
        """Store what can be stored of ``batch``."""
        report = self.report
        for place in batch.refused:
            report.reject(place)
        for place in batch.warnings:
            report.warn(place)
        report.steps_read += batch.n_steps
        if batch.trees:
            self._write_trees(batch.trees)
        if batch.scores:
            self._write_scores(batch.scores)
        if batch.rankings:
            self._write_rankings(batch.rankings)

    def _write_trees(self, batch: list[Prepared]) -> None:
        def write() -> TreesWritten:
            self._destination.names.prepare(batch)
            return write_trees(self._destination, batch)

        written = self._stored(batch, write, self._write_trees)
        if written is None:
            return
        self.report.counts.add(written.counts)
        for prepared, reason in written.refused:
            self._reject(reason, prepared.record.line, prepared.record.record)
        first = batch[0].record
        for warning in written.warnings:
            self.report.warn(self._place(warning, first.line, first.record))

    def _write_scores(self, rows: list[PreparedScores]) -> None:
        def write() -> ScoresWritten:
            for row in rows:
                self._destination.names.add_model(row.record.model, row.record.version)
            return write_trace_scores(self._destination, rows)

        self._account(self._stored(rows, write, self._write_scores))

    def _write_rankings(self, rows: list[PreparedRankings]) -> None:
        def write() -> RankingsWritten:
            for row in rows:
                self._destination.names.add_rankings(row.record.rankings)
            return write_trace_rankings(self._destination, rows)

        self._account(self._stored(rows, write, self._write_rankings))

    def _account(self, written: ScoresWritten | RankingsWritten | None) -> None:
        """Report what became of rows about traces; None: they were taken one by one."""
        if written is None:
            return
        self.report.counts.add(written.counts)
        for row, reason in written.refused:
            self._reject(reason, row.record.line, row.record.record)
        for row, warning in written.warnings:
            self.report.warn(self._place(warning, row.record.line, row.record.record))

    def _stored(
        self, batch: list[_Item], write: Callable[[], _Result], again: Callable[[list[_Item]], None]
    ) -> _Result | None:
        """Return what ``write`` returns; None if its records had to be taken one by one."""
        try:
            return _unless_deadlocked(write)
        except (DataError, IntegrityError) as error:
            self._one_by_one(batch, again, error)
            return None
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise ImportStoppedError(reason, self.report) from error

    def _one_by_one(
        self, batch: list[_Item], write: Callable[[list[_Item]], None], error: Exception
    ) -> None:
        """Find the record that the database refused although it passed all checks."""
        if len(batch) == 1:
            record = batch[0].record
            reason = str(error).strip().splitlines()[0]
            self._reject(f"the database refused it: {reason}", record.line, record.record)
            return
        for item in batch:
            write([item])

    def _reject(self, reason: str, line: int | None, record: int | None) -> None:
        self.report.reject(self._place(reason, line, record))

    def _place(self, reason: str, line: int | None, record: int | None) -> Place:
        return Place(self._destination.file.name, line, record, reason)


def _unless_deadlocked(write: Callable[[], _Result]) -> _Result:
    """Run ``write``; again if it lost a deadlock, as against a label on a step being renumbered."""
    for _ in range(DEADLOCK_TRIES - 1):
        try:
            return write()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != DEADLOCK:
                raise
    return write()
