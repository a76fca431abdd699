"""Gold written as text: a JSON array, JSON lines, or CSV with a header."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from annotator.errors import InvalidError

MOST_RECORDS = 10_000
COLUMNS = ("task", "trace", "problem", "parent", "first_error", "ratings", "tiers", "note", "from")
# What the file of ids shows besides; nothing reads it.
SHOWN = ("steps", "text")
IDS = ("trace", "problem", "parent", "first_error")


def gold_records(text: str) -> list[dict[str, Any]]:
    """Return the records of ``text`` for ``gold_import``.

    In CSV ``ratings`` are numbers with spaces between (``1 1 -1``), ``tiers`` ids with ``=`` for
    ties and ``>`` between tiers (``7 > 3 = 9``), and an empty ``first_error`` means that no step is
    wrong. A row without a task is an empty record, which is skipped: so the file of ids may come back
    partly filled in.

    Raises:
        InvalidError: the text is none of the three, or has too many records.
    """
    clean = text.strip().lstrip("\ufeff")
    if not clean:
        raise _wrong("Paste or choose a file with gold answers.")
    records = _json(clean) if clean[0] in "[{" else _csv(clean)
    if (n := sum(map(bool, records))) > MOST_RECORDS:
        raise _wrong(f"At most {MOST_RECORDS:,} records at once, not {n:,}.")
    return records


def _json(text: str) -> list[dict[str, Any]]:
    try:
        if text[0] == "[":
            found: list[Any] = json.loads(text)
        else:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise _wrong("This is neither a JSON array nor JSON lines.") from None
    if not all(isinstance(record, dict) for record in found):
        raise _wrong("Every record is a JSON object.")
    return found


def _csv(text: str) -> list[dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(text))
    strange = [name for name in rows.fieldnames or () if name not in {*COLUMNS, *SHOWN}]
    if strange or "task" not in (rows.fieldnames or ()):
        raise _wrong(f"The first line names the columns, of {', '.join(COLUMNS)}; 'task' is one.")
    try:
        return [_row(row) if (row["task"] or "").strip() else {} for row in rows]
    except csv.Error:
        raise _wrong("This is not a CSV file.") from None


def _row(row: dict[str, str | None]) -> dict[str, Any]:
    record: dict[str, Any] = {name: value for name, value in row.items() if name in COLUMNS}
    for name in IDS:
        if name in record:
            record[name] = _number(record[name])
    if not record.get("from"):
        record.pop("from", None)
    if said := record.pop("ratings", None):
        record["ratings"] = [_number(part) for part in said.split()]
    if said := record.pop("tiers", None):
        record["tiers"] = [[_number(part) for part in tier.split("=")] for tier in said.split(">")]
    return record


def _number(text: str | None) -> int | str | None:
    """Return a whole number; other text stays as it is, so that the error can quote it."""
    clean = (text or "").strip().replace("−", "-")
    if not clean:
        return None
    digits = clean.removeprefix("-")
    return int(clean) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else clean


def _wrong(reason: str) -> InvalidError:
    return InvalidError(reason, fields={"text": reason})
