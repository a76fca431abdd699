"""Typed field readers whose errors name the field, what was expected and what was there.

The good path is a dict lookup and a type test; everything that builds a sentence runs only when a
record is about to be refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from annotator.numbers import LARGEST, beyond, countable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

MAX_META_DEPTH = 100
_SHOWN = 40


class FieldError(ValueError):
    """A record cannot be used; the message is the sentence that the person reads."""


def show(value: object) -> str:
    """Return ``value`` as it may stand in a sentence: short, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, str):
        line = re.sub(r"\s", " ", value[: _SHOWN + 1])
        return f"'{line[:_SHOWN]}…'" if len(line) > _SHOWN else f"'{line}'"
    return str(value)[:_SHOWN]


def fail(path: str, expected: str, got: object) -> NoReturn:
    """Raise the one sentence about a wrong value."""
    raise FieldError(f"field '{path}': expected {expected}, got {show(got)}")


def member(record: Mapping[str, Any], name: str, path: str = "") -> Any:
    """Return ``record[name]``; refuse the record if it is not there."""
    try:
        return record[name]
    except KeyError:
        raise FieldError(f"field '{path}{name}' is missing") from None


def mapping(value: object, path: str) -> dict[str, Any]:
    """Return ``value`` if it is an object."""
    if not isinstance(value, dict):
        fail(path, "an object", value)
    return value


def text(record: Mapping[str, Any], name: str, path: str = "") -> str:
    """Return a required text."""
    value = member(record, name, path)
    if type(value) is not str:
        fail(path + name, "text", value)
    return value


def filled_text(record: Mapping[str, Any], name: str, path: str = "") -> str:
    """Return a required text that is more than white space."""
    value = text(record, name, path)
    if not value.strip():
        fail(path + name, "text", value)
    return value


def optional_text(record: Mapping[str, Any], name: str, path: str = "") -> str:
    """Return a text, or ``""`` where it is absent or null."""
    value = record.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        fail(path + name, "text or null", value)
    return value


def scalar_text(record: Mapping[str, Any], name: str, path: str = "") -> str:
    """Return a reference answer as text: sources write ``"5"`` and ``5`` for the same thing."""
    value = record.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        fail(path + name, "text or a number", value)
    return str(value)


def boolean(record: Mapping[str, Any], name: str, path: str = "") -> bool:
    """Return a required true or false."""
    value = member(record, name, path)
    if value is not True and value is not False:
        fail(path + name, "true or false", value)
    return bool(value)


def index(value: object, path: str, low: int, high: int, meaning: str = "") -> int:
    """Return an integer in ``low`` … ``high``; a boolean or ``2.0`` is not an integer."""
    if type(value) is not int or not low <= value <= high:
        tail = f" ({meaning})" if meaning else ""
        span = (
            f"an integer from {low} to {high}" if low <= high else "no index, as there is no step"
        )
        fail(path, span + tail, value)
    return value


def texts(record: Mapping[str, Any], name: str, path: str = "") -> list[str]:
    """Return a required, non-empty array of texts."""
    values = member(record, name, path)
    if type(values) is not list:
        fail(path + name, "an array of texts", values)
    if not values:
        raise FieldError(f"field '{path}{name}' is empty: a trace needs at least one step")
    if set(map(type, values)) != {str}:
        at = next(i for i, value in enumerate(values) if type(value) is not str)
        fail(f"{path}{name}[{at}]", "text", values[at])
    return values


def array(record: Mapping[str, Any], name: str, path: str = "") -> list[Any]:
    """Return a required array."""
    values = member(record, name, path)
    if type(values) is not list:
        fail(path + name, "an array", values)
    return values


def probability(value: object, path: str) -> float:
    """Return a finite number in [0, 1]."""
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        fail(path, "a number from 0 to 1", value)
    return float(value)  # type: ignore[arg-type]


def finite(value: object, path: str, expected: str = "a finite number") -> float:
    """Return a number that can be counted with; ``expected`` says in the refusal what else would do."""
    if type(value) not in (int, float) or not countable(value):  # type: ignore[arg-type]
        fail(
            path,
            f"{expected} (of at most {LARGEST:.0e} in size)" if beyond(value) else expected,
            value,
        )
    return float(value)  # type: ignore[arg-type]


def same_length(path: str, values: Collection[object], of: str, wanted: int) -> None:
    """Refuse an array that must run beside another one and does not."""
    if len(values) != wanted:
        raise FieldError(f"field '{path}' has {len(values)} entries, '{of}' has {wanted}")


def extras(record: Mapping[str, Any], known: Collection[str], path: str = "") -> dict[str, Any]:
    """Return the members of ``record`` that the format does not interpret, to be kept as they are."""
    rest = {name: value for name, value in record.items() if name not in known}
    for name, value in rest.items():
        if type(value) in (dict, list):
            check_depth(value, path + name)
    return rest


def only(record: Mapping[str, Any], known: Collection[str], path: str = "") -> None:
    """Refuse a field that would be lost, in a format that has a place for own fields."""
    for name in record:
        if name not in known:
            raise FieldError(
                f"field '{path}{name}' is not known; known: {', '.join(known)} "
                "(own fields go into 'meta')"
            )


def optional_object(record: Mapping[str, Any], name: str, path: str = "") -> dict[str, Any]:
    """Return an object that is kept as it is, or ``{}`` where it is absent or null."""
    value = record.get(name)
    if value is None:
        return {}
    check_depth(mapping(value, path + name), path + name)
    return dict(value)


def objects(
    record: Mapping[str, Any], name: str, known: Collection[str], path: str = ""
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects of an optional array, each with its path; they have ``known`` fields only."""
    if record.get(name) is None:
        return
    for i, row in enumerate(array(record, name, path)):
        place = f"{path}{name}[{i}]"
        only(mapping(row, place), known, f"{place}.")
        yield row, f"{place}."


def check_depth(value: object, path: str) -> None:
    """Refuse a kept value that no JSON writer could give back."""
    level = [value]
    for _ in range(MAX_META_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)  # type: ignore[attr-defined]
            if type(inner) in (dict, list)
        ]
        if not level:
            return
    raise FieldError(f"field '{path}' is nested deeper than {MAX_META_DEPTH} levels")
