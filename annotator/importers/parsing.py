"""JSON text to values, and the reason in words when that fails.

The good path is one call of orjson, which already refuses invalid UTF-8, lone surrogates, NaN and
infinities. Only a refused text is read a second time, by the slower standard parser, to name the
field and the position.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import orjson

from annotator.importers.fields import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 1000
MAX_RECORD_BYTES = 64 << 20
_SAFE_DIGITS = 18  # any integer of so many characters fits into 64 bits

# A whole string, a bracket, or a quote whose string does not end inside the buffer; of masked text.
BRACKET = re.compile(rb'"[^"]*+"|["\[\]{}]')
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(raw: bytes) -> Any:
    """Return the JSON value of ``raw``.

    Raises:
        FieldError: the text is not JSON that PostgreSQL can hold; names the field or position.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise FieldError(explain(raw, str(error))) from None
    if rb"\u0000" in raw:  # maybe an escaped backslash followed by u0000: look at the value
        reason = find_forbidden(value)
        if reason:
            raise FieldError(reason)
    return value


def parse_lenient(raw: bytes) -> Any:
    """Return the JSON value of ``raw`` with numbers that JSON does not have as texts (``"NaN"``).

    For formats in which such a number costs only itself; it then fails the type test of its field.
    """
    try:
        return parse(raw)
    except FieldError:
        if _unreadable(raw):
            raise
        try:
            value = json.loads(
                raw, parse_constant=str, parse_float=_finite_or_text, parse_int=_finite_number
            )
        except (ValueError, RecursionError):
            value = None
        if value is None or find_forbidden(value):
            raise
        return value


def _finite_number(number: str) -> int | float | str:
    """Return an integer as orjson gives it: beyond 64 bits it is a float, and rows hold no more."""
    return int(number) if len(number) <= _SAFE_DIGITS else _finite_or_text(number)


def _finite_or_text(number: str) -> float | str:
    value = float(number)
    return value if math.isfinite(value) else number


def explain(raw: bytes, fallback: str) -> str:
    """Say why orjson refused ``raw``."""
    reason = _unreadable(raw)
    if reason:
        return reason
    try:
        value = json.loads(raw)
    except json.JSONDecodeError as error:
        text = raw.decode()
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            return f"not valid JSON: the text is cut off after character {len(text.rstrip())}"
        return f"not valid JSON: {error.msg} at character {error.pos}"
    except (ValueError, RecursionError):  # an integer of thousands of digits, or a deep call stack
        return f"not valid JSON: {fallback}"
    return find_forbidden(value) or f"not valid JSON: {fallback}"


def _unreadable(raw: bytes) -> str | None:
    """Return what keeps the standard parser from having a look."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        at, found = error.start, raw[error.start]
        return f"invalid UTF-8 at byte {at} of the record (0x{found:02x}); save the file as UTF-8"
    if b"\x00" in raw:
        return f"NUL byte at byte {raw.index(0)} of the record; save the file as UTF-8 text"
    if depth(raw) > MAX_DEPTH:
        return (
            f"nested deeper than {MAX_DEPTH} levels; "
            "the flat 'tracewood' format carries trees of any depth"
        )
    return None


def masked(raw: bytes) -> bytes:
    """Return JSON text of the same length in which every quote that is left bounds a string."""
    return raw.replace(rb"\\", b"__").replace(rb"\"", b"__")


def depth(raw: bytes) -> int:
    """Return how deep the brackets of a JSON text go."""
    level = deepest = 0
    text = masked(raw)
    for token in BRACKET.finditer(text):
        first = text[token.start()]
        if first in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif first in b"]}":
            level -= 1
    return deepest


def find_forbidden(value: Any) -> str | None:
    """Return a sentence about the first value that the database cannot hold."""
    for path, leaf in _leaves(value):
        where = f"field '{path}'" if path else "the value"
        if isinstance(leaf, float):
            if not math.isfinite(leaf):
                return f"{where}: {leaf} is not a number that JSON has; write null if unknown"
            continue
        if "\x00" in leaf:
            return f"{where}: NUL character at position {leaf.index(chr(0))}; remove it"
        lone = _SURROGATE.search(leaf)
        if lone:
            return f"{where}: lone surrogate U+{ord(lone[0]):04X} at position {lone.start()}"
    return None


def _leaves(value: Any) -> Iterator[tuple[str, str | float]]:
    """Yield texts (keys too) and floats with their path, in order and without recursion."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, str | float):
            yield path, item
        elif isinstance(item, dict):
            for key in item:
                yield f"{path} (a key)".lstrip(), key
            dot = "." if path else ""
            stack.extend((f"{path}{dot}{key}", item[key]) for key in reversed(item))
        elif isinstance(item, list):
            stack.extend((f"{path}[{i}]", item[i]) for i in range(len(item) - 1, -1, -1))
