"""Elements of a big JSON array one by one, and members of a big object, in bounded memory.

A scanner that knows only strings and brackets finds where an element ends; orjson parses that piece.
So one bad element costs itself, and a truncated file keeps every element before the cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from annotator.importers.parsing import BRACKET, MAX_RECORD_BYTES, masked

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

_CHUNK = 1 << 18
_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"]*+"')
_SCALAR_END = re.compile(rb"[,\]}\s]")


class CutError(ValueError):
    """The text ends, breaks off or goes on where JSON does not; nothing after it can be used."""


class Scanner:
    """Finds whole JSON values in a stream; holds one value at a time."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader
        self._buffer = b""
        self._masked = b""
        self._at = 0
        self._before = 0

    def offset(self) -> int:
        """Return the byte position in the stream, after any byte order mark."""
        return self._before + self._at

    def peek(self) -> bytes:
        """Return the next byte that is not white space, ``b""`` at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._fill():
                return b""

    def take(self, wanted: bytes, meaning: str) -> bytes:
        """Take one byte that must be among ``wanted``."""
        found = self.peek()
        if not found:
            raise CutError(f"the file ends at byte {self.offset()}, before {meaning}")
        if found not in wanted:
            shown = found.decode("latin-1")
            raise CutError(f"expected {meaning} at byte {self.offset()}, got '{shown}'")
        self._at += 1
        return found

    def value(self) -> bytes:
        """Take one whole JSON value as bytes."""
        first = self.peek()
        if not first:
            raise CutError(f"the file ends at byte {self.offset()}, where a value should start")
        if first in b"[{":
            return self._container()
        return self._simple(_STRING if first == b'"' else _SCALAR_END, first == b'"')

    def _simple(self, pattern: re.Pattern[bytes], is_string: bool) -> bytes:
        while True:
            if is_string:
                found = pattern.match(self._masked, self._at)
                end = found.end() if found else -1
            else:
                found = pattern.search(self._masked, self._at)
                end = found.start() if found else -1
            if end >= 0:
                return self._cut(end)
            if not self._fill():
                if is_string:
                    self._cut_off()
                return self._cut(len(self._buffer))

    def _container(self) -> bytes:
        level, scanned = 0, self._at
        while True:
            for token in BRACKET.finditer(self._masked, scanned):
                first = self._masked[token.start()]
                if first in b"[{":
                    level += 1
                elif first in b"]}":
                    level -= 1
                    if not level:
                        return self._cut(token.end())
                elif token.end() - token.start() == 1:  # a string that goes on after the buffer
                    scanned = token.start()
                    break
                scanned = token.end()
            scanned -= self._at
            if not self._fill():
                self._cut_off()
            scanned += self._at

    def _cut(self, end: int) -> bytes:
        piece = self._buffer[self._at : end]
        self._at = end
        return piece

    def _cut_off(self) -> None:
        raise CutError(f"the file is cut off inside the value that starts at byte {self.offset()}")

    def _fill(self) -> bool:
        """Drop what was used and read at least as much as is waiting, so that cost stays linear."""
        waiting = len(self._buffer) - self._at
        if waiting > MAX_RECORD_BYTES:
            raise CutError(
                f"the value that starts at byte {self.offset()} is larger than {MAX_RECORD_BYTES >> 20} MB"
            )
        more = self._reader.read(max(_CHUNK, waiting))
        self._before += self._at
        self._buffer = self._buffer[self._at :] + more
        self._masked = masked(self._buffer)
        self._at = 0
        return bool(more)


def elements(scanner: Scanner) -> Iterator[bytes]:
    """Yield the elements of the array that starts here, then take its closing bracket.

    Raises:
        CutError: the array is broken off or malformed after the elements yielded so far.
    """
    scanner.take(b"[", "'['")
    if scanner.peek() == b"]":
        scanner.take(b"]", "']'")
        return
    while True:
        yield scanner.value()
        if scanner.take(b",]", "',' or ']'") == b"]":
            return


def members(scanner: Scanner) -> Iterator[bytes]:
    """Yield the raw names of the object that starts here; the caller takes each value.

    Raises:
        CutError: as for :func:`elements`.
    """
    scanner.take(b"{", "'{'")
    if scanner.peek() == b"}":
        scanner.take(b"}", "'}'")
        return
    while True:
        if scanner.peek() != b'"':
            scanner.take(b'"', "a field name in quotes")
        name = scanner.value()
        scanner.take(b":", "':'")
        yield name
        if scanner.take(b",}", "',' or '}'") == b"}":
            return


def end(scanner: Scanner) -> None:
    """Require that nothing follows."""
    if scanner.peek():
        raise CutError(f"unexpected text after the end of the data, at byte {scanner.offset()}")
