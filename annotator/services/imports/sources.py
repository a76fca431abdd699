"""The row of a source record: what stood in which file at which place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.services.imports.placed import Destination
    from scoring.types import TraceRankingsRecord, TraceScoresRecord, TreeRecord

SOURCE_COLUMNS = (
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
    "digest",
)


def source_row(
    destination: Destination,
    source_id: int,
    problem_id: int,
    record: TreeRecord | TraceScoresRecord | TraceRankingsRecord,
    key_hash: bytes,
    meta: str,
    content: bytes | None = None,
) -> tuple[Any, ...]:
    """Return the row of ``SOURCE_COLUMNS`` for ``record``.

    Args:
        destination: where it goes.
        source_id: its id.
        problem_id: the problem it is about.
        record: with key, number and line.
        key_hash: blake2b-16 of the key.
        meta: JSON text.
        content: blake2b-16 of what it says; None where ``meta`` itself is compared.
    """
    return (
        source_id,
        destination.project.pk,
        problem_id,
        destination.file.pk,
        destination.format,
        key_hash,
        record.key,
        record.record,
        record.line,
        meta,
        content,
    )
