"""The loop of an import: records in, batches out, every record accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from django.db import DataError, IntegrityError, OperationalError

from annotator.errors import UnavailableError
from annotator.services.imports.batches import write_trees
from annotator.services.imports.names import Names
from annotator.services.imports.placed import Target
from annotator.services.imports.prepare import Prepared, prepare
from annotator.services.imports.report import ImportReport, Place
from annotator.services.imports.texts import RecordRefusedError
from annotator.services.imports.trace_scores import (
    PreparedScores,
    prepare_scores,
    write_trace_scores,
)
from scoring.types import ImportItem, Rejected, TraceScoresRecord, TreeRecord

if TYPE_CHECKING:
    from annotator.models import Project, SourceFile

BATCH_STEPS = 20_000
BATCH_RECORDS = 5_000
BATCH_CHARACTERS = 8_000_000
BATCH_SCORE_ROWS = 10_000
LOOK_UP_S = 0.2
"""How often at most ``should_stop`` is asked and progress told."""

_Item = TypeVar("_Item", Prepared, PreparedScores)
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
        items: in file order; read only once and never all held.
        file: the row that the records will name as their origin.
        on_batch: called now and then with the report so far.
        should_stop: asked now and then; True ends the import and marks the report cancelled. The
            batch being collected is dropped, what was stored stays.

    Raises:
        UnavailableError: the database failed (a full disk); what was stored stays.
    """
    run = _Run(Target(project, format, file, Names(project)))
    look_at = monotonic() + LOOK_UP_S
    for item in items:
        run.take(item)
        if monotonic() >= look_at:
            if should_stop is not None and should_stop():
                run.report.cancelled = True
                break
            if on_batch is not None:
                on_batch(run.report)
            look_at = monotonic() + LOOK_UP_S
    else:
        run.flush()
    if on_batch is not None:
        on_batch(run.report)
    return run.report


class _Run:
    """Collects records until a batch is worth a transaction."""

    def __init__(self, target: Target) -> None:
        self.report = ImportReport(target.format)
        self._target = target
        self._trees: list[Prepared] = []
        self._scores: list[PreparedScores] = []
        self._n_steps = 0
        self._n_characters = 0

    def take(self, item: ImportItem) -> None:
        """Prepare one item; write the batch when it is full."""
        if isinstance(item, Rejected):
            self._reject(item.reason, item.line, item.record)
            return
        try:
            if isinstance(item, TreeRecord):
                self._take_tree(item)
            else:
                self._take_scores(item)
        except RecordRefusedError as error:
            self._reject(str(error), item.line, item.record)

    def flush(self) -> None:
        """Write what was collected."""
        if self._trees:
            batch, self._trees = self._trees, []
            self._n_steps = self._n_characters = 0
            self._write_trees(batch)
        if self._scores:
            rows, self._scores = self._scores, []
            self._write_scores(rows)

    def _take_tree(self, record: TreeRecord) -> None:
        if self._scores:
            self.flush()
        prepared = prepare(record)
        for warning in record.warnings:
            self.report.warn(self._place(warning, record.line, record.record))
        self.report.steps_read += len(record.nodes)
        self._trees.append(prepared)
        self._n_steps += len(record.nodes)
        self._n_characters += prepared.weight
        if (
            self._n_steps >= BATCH_STEPS
            or self._n_characters >= BATCH_CHARACTERS
            or len(self._trees) >= BATCH_RECORDS
        ):
            self.flush()

    def _take_scores(self, record: TraceScoresRecord) -> None:
        if self._trees:
            self.flush()
        self._scores.append(prepare_scores(record))
        if len(self._scores) >= BATCH_SCORE_ROWS:
            self.flush()

    def _write_trees(self, batch: list[Prepared]) -> None:
        target = self._target
        try:
            target.names.prepare(batch)
            counts, warnings = write_trees(target, batch)
        except (DataError, IntegrityError) as error:
            self._one_by_one(batch, self._write_trees, error)
            return
        except OperationalError as error:
            raise _unavailable(error) from error
        self.report.counts.add(counts)
        first = batch[0].record
        for warning in warnings:
            self.report.warn(self._place(warning, first.line, first.record))

    def _write_scores(self, rows: list[PreparedScores]) -> None:
        target = self._target
        try:
            for row in rows:
                target.names.add_model(row.record.model, row.record.version)
            written = write_trace_scores(target, rows)
        except (DataError, IntegrityError) as error:
            self._one_by_one(rows, self._write_scores, error)
            return
        except OperationalError as error:
            raise _unavailable(error) from error
        self.report.counts.add(written.counts)
        for row, reason in written.refused:
            self._reject(reason, row.record.line, row.record.record)
        for row, warning in written.warnings:
            self.report.warn(self._place(warning, row.record.line, row.record.record))

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
        return Place(self._target.file.name, line, record, reason)


def _unavailable(error: OperationalError) -> UnavailableError:
    """Say in one line why the database could not go on."""
    reason = str(error).strip().splitlines()[0]
    return UnavailableError(
        f"The database could not store the next records: {reason}. What was stored before stays; "
        "import the file again once this is put right.",
        code="database",
    )
