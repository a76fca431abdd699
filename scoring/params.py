"""Parameters of methods: what a registry row says of each, and the check of what somebody gave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.errors import ParameterError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WORD_CHARS = 100


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a method: its default, and its choices, its bounds, or that it is a name.

    ``words`` is what people read for each choice, in menus, legends and figures; without them the
    choices speak for themselves. Keys, files and the API keep the choice itself.
    ``word`` is true if any short name may be given, such as that of a column of the tree; ``whole``
    if a number has to be a whole one.
    """

    name: str
    default: int | float | str | None
    meaning: str
    choices: tuple[int | str | None, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    word: bool = False
    words: tuple[str, ...] = ()
    whole: bool = False

    @property
    def menu(self) -> list[tuple[int | str | None, str]]:
        """Each choice with what a menu calls it."""
        words = self.words or tuple(map(str, self.choices))
        return list(zip(self.choices, words, strict=True))

    @property
    def title(self) -> str:
        """The name as a person reads it."""
        return self.name.replace("_", " ")

    def said(self, value: object) -> str:
        """Write a value as the menu calls it; numbers and names stand for themselves."""
        for choice, words in self.menu:
            if type(choice) is type(value) and choice == value:
                return words
        return "none" if value is None else str(value)

    def allows(self, value: object) -> bool:
        """Say whether ``value`` may be given to the method."""
        if self.choices:
            return any(type(value) is type(c) and value == c for c in self.choices)
        if self.word:
            return isinstance(value, str) and 0 < len(value) <= WORD_CHARS and value.isprintable()
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.whole and not isinstance(value, int):
            return False
        return math.isfinite(value) and self.low <= value <= self.high

    @property
    def range(self) -> str:
        """The allowed values in words."""
        if self.choices:
            return " or ".join(repr(choice) for choice in self.choices)
        if self.word:
            return f"a name of at most {WORD_CHARS} characters"
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"


def said_params(params: Iterable[Param], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Write the values of parameters as menus call them: ``(title, words)`` in the order of ``values``.

    A value whose parameter is not known any more is written as it was stored.
    """
    known = {param.name: param for param in params}
    return [
        (known[name].title, known[name].said(value))
        if name in known
        else (name.replace("_", " "), str(value))
        for name, value in values.items()
    ]


def checked(owner: str, params: Iterable[Param], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value after checking ``given``; the others have their defaults.

    Raises:
        UnknownNameError: ``owner`` has no such parameter; names the known ones.
        ParameterError: a value outside a parameter's range.
    """
    known = {param.name: param for param in params}
    for name, value in given.items():
        if name not in known:
            raise UnknownNameError(f"parameter of '{owner}'", name, known or ("none",))
        if not known[name].allows(value):
            raise ParameterError(owner, name, value, known[name].range)
    return {name: given.get(name, param.default) for name, param in known.items()}
