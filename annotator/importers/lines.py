"""A bounded line reader over any binary stream."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

from annotator.importers.parsing import MAX_RECORD_BYTES
from scoring.types import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_BYTES = 1 << 16
_BUFFER = 1 << 20
_UTF8_BOM = b"\xef\xbb\xbf"


class _Chain(io.RawIOBase):
    """The bytes already taken from a stream, followed by the rest of it."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def opened(stream: IO[bytes]) -> tuple[bytes, io.BufferedReader]:
    """Return the first bytes of ``stream`` and a reader over all of it, UTF-8 mark removed."""
    head = stream.read(HEAD_BYTES).removeprefix(_UTF8_BOM)
    return head, chained(head, stream)


def chained(head: bytes, rest: IO[bytes]) -> io.BufferedReader:
    """Return a reader over bytes that were already taken from ``rest``, and ``rest``."""
    return io.BufferedReader(_Chain(head, rest), _BUFFER)


def wrong_encoding(head: bytes) -> str | None:
    """Say that the file is UTF-16 or UTF-32 if its first bytes show it."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        mark = head[:2].hex(" ").upper()
        return f"the file is UTF-16 (byte order mark {mark} at byte 0); save it as UTF-8"
    if head[:2].count(0) == 1 or head[:4].count(0) >= 2:
        at = head.index(0)
        return f"the file is UTF-16 or binary (NUL at byte {at}); save it as UTF-8"
    return None


def lines(reader: io.BufferedReader) -> Iterator[tuple[int, bytes] | Rejected]:
    """Yield ``(1-based number, bytes)`` of every line that is not blank.

    A line over ``MAX_RECORD_BYTES`` is refused without ever being held in memory.
    """
    number = record = 0
    while line := reader.readline(MAX_RECORD_BYTES + 1):
        number += 1
        if len(line) > MAX_RECORD_BYTES:
            while line and not line.endswith(b"\n"):
                line = reader.readline(_BUFFER)
            yield Rejected(f"the line is longer than {MAX_RECORD_BYTES >> 20} MB", number, record)
            record += 1
        elif not line.isspace():
            yield number, line
            record += 1
