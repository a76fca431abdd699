"""Records gathered into batches that are worth a transaction. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from annotator.services.imports.prepare import Prepared, prepare
from annotator.services.imports.report import Place
from annotator.services.imports.texts import RecordRefusedError
from annotator.services.imports.trace_scores import PreparedScores, prepare_scores
from scoring.types import ImportItem, Rejected, TraceScoresRecord, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BATCH_STEPS = 20_000
BATCH_RECORDS = 5_000
BATCH_CHARACTERS = 8_000_000
BATCH_S = 1.0
"""A batch is never older than this, so that progress is seen and a cancel felt."""


@dataclass(slots=True)
class Batch:
    """Consecutive records of a file: trees or score rows, never both, and what was refused.

    Attributes:
        n_steps: steps as read, before merging.
        weight: characters of text.
    """

    trees: list[Prepared] = field(default_factory=list)
    scores: list[PreparedScores] = field(default_factory=list)
    refused: list[Place] = field(default_factory=list)
    warnings: list[Place] = field(default_factory=list)
    n_steps: int = 0
    weight: int = 0
    started: float = field(default_factory=monotonic)

    def is_full(self) -> bool:
        """Say whether the batch should be written."""
        return (
            self.n_steps >= BATCH_STEPS
            or self.weight >= BATCH_CHARACTERS
            or len(self.trees) + len(self.scores) + len(self.refused) >= BATCH_RECORDS
            or monotonic() - self.started >= BATCH_S
        )


def batches(items: Iterable[ImportItem], name: str) -> Iterator[Batch]:
    """Yield the records of the file ``name`` prepared, in file order."""
    batch = Batch()
    for item in items:
        other_kind = batch.trees if isinstance(item, TraceScoresRecord) else batch.scores
        if other_kind or batch.is_full():
            yield batch
            batch = Batch()
        _take(batch, item, name)
    yield batch


def _take(batch: Batch, item: ImportItem, name: str) -> None:
    if isinstance(item, Rejected):
        batch.refused.append(Place(name, item.line, item.record, item.reason))
        return
    try:
        if isinstance(item, TreeRecord):
            prepared = prepare(item)
            batch.trees.append(prepared)
            batch.n_steps += len(item.nodes)
            batch.weight += prepared.weight
            batch.warnings += [
                Place(name, item.line, item.record, reason) for reason in item.warnings
            ]
        else:
            batch.scores.append(prepare_scores(item))
            batch.n_steps += len(item.values)
    except RecordRefusedError as error:
        batch.refused.append(Place(name, item.line, item.record, str(error)))
