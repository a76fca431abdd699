"""What PostgreSQL would refuse, found before it can spoil a batch.

PostgreSQL takes no U+0000 and no lone surrogate in text, and neither those nor NaN in jsonb.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from annotator.numbers import countable, flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TEXT = 64 * 1024 * 1024
"""Characters of one text or JSON value; a row of several stays far below PostgreSQL's 1 GB."""
MAX_NAME = 500
"""Characters of a name that stands in a unique index (a btree entry ends at 2,704 bytes)."""
INT4_MAX = 2**31 - 1

_ENCODE = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode


class RecordRefusedError(Exception):
    """This record cannot be stored; the message names the field and, in it, the position."""


def text_fault(value: object) -> str | None:
    """Say why ``value`` cannot be a PostgreSQL text, or None if it can."""
    if not isinstance(value, str):
        return f"is {type(value).__name__}, not text"
    if "\0" in value:
        return f"holds U+0000 at character {value.index(chr(0))}, which PostgreSQL cannot store"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            return f"holds a lone surrogate at character {error.start}, which is not valid text"
    if len(value) > MAX_TEXT:
        return f"is {len(value):,} characters long; the limit is {MAX_TEXT:,}"
    return None


def is_plain(value: object) -> bool:
    """Say whether ``value`` is surely storable: ASCII text of usual size without U+0000."""
    return type(value) is str and value.isascii() and "\0" not in value and len(value) <= MAX_TEXT


def check_text(value: object, field: str) -> None:
    """Refuse the record if ``value`` is not storable text.

    Raises:
        RecordRefusedError: naming ``field``.
    """
    if fault := text_fault(value):
        raise RecordRefusedError(f"{field} {fault}")


def check_name(value: object, field: str, limit: int = MAX_NAME) -> None:
    """Refuse the record if ``value`` is not text of at most ``limit`` characters."""
    if is_plain(value) and len(value) <= limit:  # type: ignore[arg-type]
        return
    check_text(value, field)
    if len(str(value)) > limit:
        raise RecordRefusedError(
            f"{field} is {len(str(value)):,} characters long; the limit is {limit}"
        )


def check_integer(value: object, field: str, low: int = 0) -> None:
    """Refuse the record if ``value`` is neither None nor a 4-byte integer of at least ``low``."""
    if value is None:
        return
    if type(value) is not int or not low <= value <= INT4_MAX:
        raise RecordRefusedError(
            f"{field} is {_shown(value)}, not an integer from {low} to {INT4_MAX}"
        )


def check_number(value: object, field: str) -> None:
    """Refuse the record if ``value`` is neither None nor a finite number (True and False are)."""
    if value is None:
        return
    if not isinstance(value, int | float) or not countable(value):
        raise RecordRefusedError(
            f"{field} is {_shown(value)}, {flaw(value)}; write null if it is unknown"
        )


def check_position(value: object, field: str, n_nodes: int) -> None:
    """Refuse the record if ``value`` is not the position of one of its nodes."""
    if type(value) is not int or not 0 <= value < n_nodes:
        raise RecordRefusedError(f"{field} is {value!r}; the record has nodes 0 to {n_nodes - 1}")


def json_text(value: dict[str, Any], field: str) -> str:
    """Return ``value`` as the JSON text of a jsonb column.

    Raises:
        RecordRefusedError: for NaN, infinity, U+0000, lone surrogates, nesting that no JSON
            parser takes, or a size over the limit.
    """
    try:
        text = _ENCODE(value)
    except ValueError:
        raise RecordRefusedError(f"{field} holds NaN or an infinity, which JSON has not") from None
    except RecursionError:
        raise RecordRefusedError(f"{field} is nested too deep (limit about 900)") from None
    except TypeError as error:
        raise RecordRefusedError(f"{field} is not JSON: {error}") from None
    if "\\u0000" in text:
        for path, part in _texts(value, field):
            check_text(part, path)
    check_text(text, field)
    return text


def optional_json(value: dict[str, Any], field: str) -> str | None:
    """Return ``json_text``, or None (SQL null) for an empty dictionary."""
    return json_text(value, field) if value else None


def digest(*parts: str) -> bytes:
    """Return the blake2b-16 of ``parts``; their lengths go first, so that borders cannot move."""
    lengths = ",".join([str(len(part)) for part in parts])
    return blake2b(f"{lengths}:{''.join(parts)}".encode(), digest_size=16).digest()


def _texts(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield every text in a JSON value with the path to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path} key", key
            yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def _shown(value: object) -> str:
    """Return ``value`` as a person would recognise it, cut short."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
