"""How a choice of colours is written: ``method:ddof=0,single=zero@12.3``.

The method, then the parameters that are not at their default, then for methods that read a model's
step scores its id, and behind a point the number of what it says beside the score. ``value`` stands for the
values that a search wrote into the tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote

from annotator.errors import NotFoundError
from annotator.numbers import whole_number
from scoring.credit.registry import METHODS
from scoring.params import said_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import RewardModel
    from scoring.credit.base import MethodRow
    from scoring.params import Param

SEARCH_VALUE = "value"
LONGEST = 400
USUAL = "its usual settings"
NONE = "none"  # how a parameter's value None is written


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of a *Colour by* menu; ``missing`` says what a method lacks here, "" = usable."""

    key: str
    label: str
    missing: str = ""
    family: str = ""


class Said(NamedTuple):
    """What a model says of steps: its score (part 0), or the part of that number beside it."""

    model: RewardModel
    part: int

    @property
    def unit(self) -> str:
        """The unit of a part beside the score."""
        return str(self.model.parts[self.part - 1][1])

    def __str__(self) -> str:
        part = f" · {self.model.parts[self.part - 1][0]}" if self.part else ""
        return f"{self.model}{part}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key names, before it is known whether the model exists.

    Attributes:
        row: the method.
        params: the parameters that are not at their default, by name, checked.
        model, part: of the source behind ``@``; None = none was named.
    """

    row: MethodRow
    params: Mapping[str, Any] = field(default_factory=dict)
    model: int | None = None
    part: int = 0


def read_key(key: str) -> Wanted:
    """Read a key.

    Raises:
        NotFoundError: it names no method, no parameter of it or a value that it cannot take; says
            what is known.
    """
    head, at, source = key.partition("@")
    method, _, written = head.partition(":")
    row = METHODS.get(method)
    if row is None:
        known = ", ".join((*METHODS, SEARCH_VALUE))
        raise NotFoundError(
            f"Nothing here is called '{method[:80]}'; known: {known}, and method@model for step scores."
        )
    number, point, place = source.partition(".")
    model, part = whole_number(number), whole_number(place) if point else 0
    if at and (model is None or part is None):
        raise NotFoundError(f"'{source[:40]}' is no model; write method@model, such as {method}@1.")
    return Wanted(row, _params(row, written), model, part or 0)


def write_key(row: MethodRow, params: Mapping[str, Any], said: Said | None = None) -> str:
    """Write a key; parameters at their default are left out."""
    changed = changed_params(row, params)
    words = ",".join(f"{name}={quote(_text(value), safe='')}" for name, value in changed.items())
    part = f".{said.part}" if said is not None and said.part else ""
    source = f"@{said.model.pk}{part}" if said is not None else ""
    return f"{row.key}{':' if words else ''}{words}{source}"


def settings_of(key: str) -> str:
    """Say the settings of a key that are not the usual ones, in words."""
    wanted = read_key(key)
    said = said_params(wanted.row.params, wanted.params)
    return ", ".join(f"{name}: {words}" for name, words in said) or USUAL


def changed_params(row: MethodRow, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are not at their default, in the order of the row."""
    given = ((param, params.get(param.name, param.default)) for param in row.params)
    return {param.name: value for param, value in given if value != param.default}


def params_from(row: MethodRow, texts: Mapping[str, str]) -> dict[str, Any]:
    """Read parameters from their texts; an empty text is the default.

    Raises:
        NotFoundError: a parameter that the method does not have, or a value that it cannot take.
    """
    known = {param.name: param for param in row.params}
    found: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise NotFoundError(
                f"'{row.key}' has no parameter called '{name[:40]}'; known: {names}."
            )
        if text:
            found[name] = _value(row, known[name], text)
    return changed_params(row, found)


def _params(row: MethodRow, written: str) -> dict[str, Any]:
    pairs = (part.partition("=") for part in written.split(",") if part)
    return params_from(row, {name: unquote(text) for name, _, text in pairs})


def _value(row: MethodRow, param: Param, text: str) -> Any:
    """Read one value as its parameter takes it."""
    value = _read(param, text)
    if not param.allows(value):
        raise NotFoundError(
            f"'{param.name}' of '{row.key}' must be {param.range}, not '{text[:40]}'."
        )
    return value


def _read(param: Param, text: str) -> Any:
    if param.choices:
        return next((choice for choice in param.choices if _text(choice) == text), text)
    if param.word:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    whole = (param.whole or isinstance(param.default, int)) and number.is_integer()
    return int(number) if whole else number


def _text(value: object) -> str:
    return NONE if value is None else str(value)


def param_text(value: object) -> str:
    """Write a parameter's value as keys and forms do."""
    return _text(value)
