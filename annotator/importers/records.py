"""The records of a file: JSON lines or one JSON array, whichever it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import IO, Any

from annotator.importers import arrays
from annotator.importers.fields import FieldError, show
from annotator.importers.lines import lines, opened, wrong_encoding
from annotator.importers.parsing import parse
from scoring.types import ImportItem, Rejected, TraceScoresRecord, TreeRecord

# `[1, 2]` on the first line is a bad record of a line file, not the start of an array file.
_ARRAY = re.compile(rb"\s*\[\s*(?:[{\]]|\Z)")

Raw = tuple[dict[str, Any], int | None, int]
Parse = Callable[[bytes], Any]
Build = Callable[[dict[str, Any]], TreeRecord | TraceScoresRecord]


def records(stream: IO[bytes], parse: Parse = parse) -> Iterator[Raw | Rejected]:
    """Yield ``(object, line, record)`` in file order, or why there is none."""
    head, reader = opened(stream)
    reason = wrong_encoding(head)
    if reason:
        yield Rejected(reason, 1, 0)
    elif _ARRAY.match(head):
        yield from _array(parse, arrays.Scanner(reader))
    else:
        for record, item in enumerate(lines(reader)):
            yield item if isinstance(item, Rejected) else _parsed(parse, item[1], item[0], record)


def _array(parse: Parse, scanner: arrays.Scanner) -> Iterator[Raw | Rejected]:
    record = 0
    try:
        for raw in arrays.elements(scanner):
            yield _parsed(parse, raw, None, record)
            record += 1
        arrays.end(scanner)
    except arrays.CutError as error:
        yield Rejected(f"{error}", None, record)


def _parsed(parse: Parse, raw: bytes, line: int | None, record: int) -> Raw | Rejected:
    try:
        value = parse(raw)
    except FieldError as error:
        return Rejected(str(error), line, record)
    if type(value) is not dict:
        return Rejected(f"expected a JSON object, got {show(value)}", line, record)
    return value, line, record


def build_each(stream: IO[bytes], build: Build, parse: Parse = parse) -> Iterator[ImportItem]:
    """Yield what ``build`` makes of each record; one it refuses becomes ``Rejected``."""
    for raw in records(stream, parse):
        if isinstance(raw, Rejected):
            yield raw
            continue
        value, line, record = raw
        try:
            item = build(value)
        except FieldError as error:
            yield Rejected(str(error), line, record)
            continue
        item.line = line
        item.record = record
        yield item
