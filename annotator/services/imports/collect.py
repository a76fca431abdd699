"""Records gathered into batches that are worth a transaction. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from annotator.services.imports.prepare import Prepared, prepare
from annotator.services.imports.report import Place
from annotator.services.imports.texts import RecordRefusedError
from annotator.services.imports.trace_rankings import PreparedRankings, prepare_rankings
from annotator.services.imports.trace_scores import PreparedScores, prepare_scores
from scoring.types import (
    ImportItem,
    Rejected,
    TraceRankingsRecord,
    TraceScoresRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BATCH_STEPS = 20_000
BATCH_RECORDS = 5_000
BATCH_CHARACTERS = 8_000_000
BATCH_S = 1.0
"""A batch is never older than this, so that progress is seen and a cancel felt."""


@dataclass(slots=True)
class Batch:
    """Consecutive records of a file, all of one kind, and what was refused.

    Attributes:
        n_steps: steps as read, before merging.
        weight: characters of text.
    """

    trees: list[Prepared] = field(default_factory=list)
    scores: list[PreparedScores] = field(default_factory=list)
    rankings: list[PreparedRankings] = field(default_factory=list)
    refused: list[Place] = field(default_factory=list)
    warnings: list[Place] = field(default_factory=list)
    n_steps: int = 0
    weight: int = 0
    started: float = field(default_factory=monotonic)

    @property
    def n_records(self) -> int:
        """Records of all kinds, refused ones included."""
        return len(self.trees) + len(self.scores) + len(self.rankings) + len(self.refused)

    def holds_others(self, item: ImportItem) -> bool:
        """Say whether there are records of another kind than ``item``."""
        kinds = {
            TreeRecord: self.trees,
            TraceScoresRecord: self.scores,
            TraceRankingsRecord: self.rankings,
        }
        return any(held for kind, held in kinds.items() if kind is not type(item))

    def is_full(self) -> bool:
        """Say whether the batch should be written."""
        return (
            self.n_steps >= BATCH_STEPS
            or self.weight >= BATCH_CHARACTERS
            or self.n_records >= BATCH_RECORDS
            or monotonic() - self.started >= BATCH_S
        )


def batches(items: Iterable[ImportItem], name: str) -> Iterator[Batch]:
    """Yield the records of the file ``name`` prepared, in file order."""
    batch = Batch()
    for item in items:
        if batch.is_full() or (not isinstance(item, Rejected) and batch.holds_others(item)):
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
        elif isinstance(item, TraceScoresRecord):
            batch.scores.append(prepare_scores(item))
            batch.n_steps += len(item.values)
        else:
            batch.rankings.append(prepare_rankings(item, name))
    except RecordRefusedError as error:
        batch.refused.append(Place(name, item.line, item.record, str(error)))
