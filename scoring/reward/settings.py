"""Config dataclasses from text: ``--set k=v`` on the command line, fields of a form in the browser.

A config is a frozen dataclass whose fields are made by ``setting``; the words, limits and choices
are written where the field is defined and both faces read them from there. Torch-free.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from scoring.errors import ScoringError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Config = TypeVar("Config")
SHOWN = 60
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class SettingError(ScoringError):
    """A setting has a value it cannot have; the sentence says which values it can."""

    code = "setting"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a form or ``--help`` shows about one setting.

    Attributes:
        name: the key of ``--set``.
        kind: ``int``, ``float``, ``bool`` or ``str``.
        optional: True if "none" (or an empty field) is a value.
        default: the value when nothing is said.
        doc: one sentence.
        low: smallest allowed number, None = no limit.
        high: largest allowed number, or most characters of a text, None = no limit.
        choices: the allowed values, empty = any.
        words: what a menu calls each of them, as many.
        reaches: what the value leads to outside the database, "" = nothing: ``model`` is a folder or
            hub id that will be opened, ``server`` an address that will be called, ``key`` the
            environment variable whose value will be sent there. Who may name which is decided where a
            request comes in.
    """

    name: str
    kind: str
    optional: bool
    default: Any
    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    reaches: str = ""

    @property
    def menu(self) -> list[tuple[str, str]]:
        """Each allowed value with its words."""
        return list(zip(self.choices, self.words, strict=True))

    def said(self, value: Any) -> Any:
        """Return a value as a menu calls it; what is none of the choices stays as it is."""
        return dict(self.menu).get(value, value) if isinstance(value, str) else value


def setting(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Mapping[str, str] | None = None,
    reaches: str = "",
) -> Any:
    """Make a dataclass field that carries its words and limits (see ``FieldSpec``).

    ``choices`` maps each allowed value to its words in a menu, in the order of the menu.
    """
    known = choices or {}
    said = {"doc": doc, "low": low, "high": high, "reaches": reaches}
    both = {"choices": tuple(known), "words": tuple(known.values())}
    return dataclasses.field(default=default, metadata=said | both)


def describe(config: type[Any]) -> tuple[FieldSpec, ...]:
    """Return the settings of a config class, in the order in which they are written."""
    hints = get_type_hints(config)
    return tuple(
        FieldSpec(
            name=f.name,
            kind=_kind(hints[f.name]),
            optional=type(None) in getattr(hints[f.name], "__args__", ()),
            default=f.default,
            **f.metadata,
        )
        for f in fields(config)
        if "doc" in f.metadata
    )


def from_settings(config: type[Config], settings: Mapping[str, str], **given: Any) -> Config:
    """Build ``config`` from text values; fields without one keep their default.

    Args:
        config: a dataclass whose fields come from ``setting``.
        settings: name to text, e.g. ``{"steps": "400", "learning_rate": "1e-3"}``.
        **given: fields that are known already (never parsed).

    Raises:
        UnknownNameError: for a name that is no setting, listing those that are.
        SettingError: for a value that is not of the field's kind or outside its limits.
    """
    specs = {spec.name: spec for spec in describe(config)}
    values: dict[str, Any] = {}
    for name, text in settings.items():
        if name not in specs:
            raise UnknownNameError("setting", name, specs)
        values[name] = parse(specs[name], text)
    return config(**{**values, **given})


def parse(spec: FieldSpec, text: str) -> Any:
    """Turn ``text`` into the value of one setting.

    Raises:
        SettingError: if it is not of the field's kind.
    """
    word = str(text).strip()
    if spec.optional and word.lower() in ("", "none"):
        return None
    try:
        return _PARSERS[spec.kind](word)
    except ValueError:
        raise SettingError(
            f"{spec.name} must be {_wanted(spec)}, not '{_short(str(text))}'"
        ) from None


def validate(config: Any) -> None:
    """Check every setting of ``config`` against its limits; call it from ``__post_init__``.

    Raises:
        SettingError: naming the first field that is wrong and what it may be.
    """
    for spec in describe(type(config)):
        value = getattr(config, spec.name)
        if value is None:
            if not spec.optional:
                raise SettingError(f"{spec.name} must be {_wanted(spec)}")
            continue
        if not _fits(spec, value):
            raise SettingError(f"{spec.name} must be {_wanted(spec)}, not {_short(repr(value))}")


def _fits(spec: FieldSpec, value: Any) -> bool:
    if spec.kind in ("int", "float"):
        return (
            isinstance(value, int if spec.kind == "int" else (int, float))
            and not isinstance(value, bool)
            and math.isfinite(value)
            and (spec.low is None or value >= spec.low)
            and (spec.high is None or value <= spec.high)
        )
    if spec.kind == "bool":
        return isinstance(value, bool)
    return (
        isinstance(value, str)
        and (not spec.choices or value in spec.choices)
        and (spec.high is None or len(value) <= spec.high)
    )


def _wanted(spec: FieldSpec) -> str:
    words = {"int": "a whole number", "float": "a number", "bool": "yes or no", "str": "text"}
    wanted = f"one of {', '.join(spec.choices)}" if spec.choices else words[spec.kind]
    if spec.kind == "str" and spec.high is not None:
        wanted += f" of at most {_limit(spec.high)} characters"
    elif spec.low is not None and spec.high is not None:
        wanted += f" from {_limit(spec.low)} to {_limit(spec.high)}"
    elif spec.low is not None:
        wanted += f" of at least {_limit(spec.low)}"
    return f"{wanted} or none" if spec.optional else wanted


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _limit(number: float) -> str:
    """Return a limit as people write it: whole numbers with all their digits."""
    return str(int(number)) if number == int(number) else f"{number:g}"


def _kind(hint: Any) -> str:
    kinds = [t for t in getattr(hint, "__args__", (hint,)) if t is not type(None)]
    return next((k.__name__ for k in kinds if k in (int, float, bool)), "str")


def _bool(word: str) -> bool:
    if word.lower() in _TRUE:
        return True
    if word.lower() in _FALSE:
        return False
    raise ValueError(word)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": _bool,
    "str": str,
}
