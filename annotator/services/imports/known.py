"""Which records of a batch are new, which are there already, and which only share a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from annotator.services.imports.report import place_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.placed import Destination
    from scoring.types import TraceRankingsRecord, TraceScoresRecord, TreeRecord


class Keyed(Protocol):
    """A record that the database will take; ``content`` is equal where two say the same."""

    @property
    def record(self) -> TreeRecord | TraceScoresRecord | TraceRankingsRecord:
        """As the importer yielded it."""

    @property
    def key_hash(self) -> bytes:
        """The blake2b-16 of its key."""

    @property
    def content(self) -> object:
        """What is compared under the same key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a stored record keeps its content.

    Attributes:
        column: SQL on ``record``, a row of ``annotator_sourcerecord``.
        read: makes of its value what ``Keyed.content`` is.
    """

    column: str
    read: Callable[[Any], object]


DIGEST = Stored("record.digest", lambda digest: bytes(digest or b""))
_Row = TypeVar("_Row", bound=Keyed)


def key_taken(key: str, place: str) -> str:
    """Say that a record of another content has the key."""
    shown = key if len(key) <= 80 else f"{key[:77]}..."
    return (
        f"key '{shown}' is there already with other content, in {place}: give this record a key "
        "of its own, or import it into another project"
    )


def split_known(
    cursor: CursorWrapper,
    destination: Destination,
    batch: Sequence[_Row],
    *,
    stored: Stored = DIGEST,
    differs: Callable[[str, str], str] = key_taken,
) -> tuple[list[_Row], list[tuple[_Row, str]]]:
    """Tell the new records of ``batch`` from those whose key is taken.

    Args:
        cursor: in the transaction that will write them.
        destination: where they go.
        batch: in file order.
        stored: where the content of those that are there is found.
        differs: given a key and the place of its first record, the reason to refuse another.

    Returns:
        The new records, once each, and those to refuse with the reason: their key is there with
        another content. Records that are in neither are there with the same content.
    """
    known = _known(cursor, destination, [row.key_hash for row in batch], stored)
    fresh = []
    refused = []
    for row in batch:
        record = row.record
        first = known.get(row.key_hash)
        if first is None:
            place = place_words(record.line, record.record, destination.file.name)
            known[row.key_hash] = row.content, place
            fresh.append(row)
        elif first[0] != row.content:
            refused.append((row, differs(record.key, first[1])))
    return fresh, refused


def _known(
    cursor: CursorWrapper, destination: Destination, hashes: list[bytes], stored: Stored
) -> dict[bytes, tuple[object, str]]:
    """Return content and place of the first record of each key, by the hash of the key."""
    cursor.execute(
        f"""
        SELECT record.key_hash, {stored.column}, record.line, record.record, file.name
        FROM annotator_sourcerecord AS record
        JOIN annotator_sourcefile AS file ON file.id = record.file_id
        WHERE record.project_id = %s AND record.format = %s AND record.key_hash = ANY(%s)
        """,  # noqa: S608 - the column is one of ours
        [destination.project.pk, destination.format, hashes],
    )
    return {
        bytes(key_hash): (stored.read(content), place_words(line, record, name))
        for key_hash, content, line, record, name in cursor.fetchall()
    }
