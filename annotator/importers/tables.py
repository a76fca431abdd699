"""Rows of a CSV file as dictionaries, with bounded memory and a reason for each bad row."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from annotator.importers.lines import wrong_encoding

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

MAX_ROW_BYTES = 1 << 20
_HEAD = 64

Row = dict[str, str]


class _Lines:
    """Lines as text; remembers where the current row began and what is wrong with it."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader
        self.number = 0
        self.start = 1
        self.fault = ""

    def __iter__(self) -> Iterator[str]:
        while raw := self._reader.readline(MAX_ROW_BYTES + 1):
            self.number += 1
            if len(raw) > MAX_ROW_BYTES:
                self.fault = f"the line is longer than {MAX_ROW_BYTES >> 10} KB"
                while raw and not raw.endswith(b"\n"):
                    raw = self._reader.readline(MAX_ROW_BYTES)
                yield "\n"
                continue
            try:
                line = raw.decode()
            except UnicodeDecodeError as error:
                self.fault = f"invalid UTF-8 at byte {error.start} of the line; save it as UTF-8"
                line = "\n"
            if "\0" in line:
                self.fault = f"NUL character at position {line.index(chr(0))}; remove it"
                line = "\n"
            yield line


def rows(reader: io.BufferedReader) -> Iterator[tuple[Row | str, int]]:
    """Yield ``(row by column name, 1-based line)``, or the reason in the place of a bad row.

    The first line names the columns. Blank lines are skipped. A row runs on over line ends inside
    quotes; one that is too large, is not text or has another number of columns costs only itself.
    """
    if reason := wrong_encoding(reader.peek(_HEAD)[:_HEAD]):
        yield reason, 1
        return
    source = _Lines(reader)
    table = csv.reader(iter(source), strict=True)
    names: list[str] | None = None
    while True:
        start = source.number + 1
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"not valid CSV: {error}", start
            continue
        fault, source.fault = source.fault, ""
        if fault:
            yield fault, start
        elif names is None:
            names = [cell.strip() for cell in cells]
            if len(set(names)) != len(names):
                yield "two columns of the table have the same name", start
                return
        elif not cells:
            continue
        elif len(cells) != len(names):
            yield f"the row has {len(cells)} columns, the header {len(names)}", start
        else:
            yield dict(zip(names, cells, strict=True)), start
