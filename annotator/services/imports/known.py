"""Which records of a batch are new, which are there already, and which only share a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.services.imports.report import place_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.placed import Target
    from annotator.services.imports.prepare import Prepared

Known = dict[bytes, tuple[bytes, str]]
"""Content digest and place of the first record of a key, by the hash of the key."""


def split_known(
    cursor: CursorWrapper, target: Target, batch: Sequence[Prepared]
) -> tuple[list[Prepared], list[tuple[Prepared, str]]]:
    """Tell the new records of ``batch`` from those whose key is taken.

    Returns:
        The new records, once each, and those to refuse with the reason: their key is there with
        another content. Records that are in neither are there with the same content.
    """
    known = _known(cursor, target, [prepared.key_hash for prepared in batch])
    fresh = []
    refused = []
    for prepared in batch:
        record = prepared.record
        first = known.get(prepared.key_hash)
        if first is None:
            place = place_words(record.line, record.record, target.file.name)
            known[prepared.key_hash] = prepared.content, place
            fresh.append(prepared)
        elif first[0] != prepared.content:
            refused.append((prepared, _differs(record.key, first[1])))
    return fresh, refused


def _known(cursor: CursorWrapper, target: Target, hashes: list[bytes]) -> Known:
    cursor.execute(
        """
        SELECT record.key_hash, record.digest, record.line, record.record, file.name
        FROM annotator_sourcerecord AS record
        JOIN annotator_sourcefile AS file ON file.id = record.file_id
        WHERE record.project_id = %s AND record.format = %s AND record.key_hash = ANY(%s)
        """,
        [target.project.pk, target.format, hashes],
    )
    return {
        bytes(key_hash): (bytes(digest or b""), place_words(line, record, name))
        for key_hash, digest, line, record, name in cursor.fetchall()
    }


def _differs(key: str, place: str) -> str:
    shown = key if len(key) <= 80 else f"{key[:77]}..."
    return (
        f"key '{shown}' is there already with other content, in {place}: give this record a key "
        "of its own, or import it into another project"
    )
