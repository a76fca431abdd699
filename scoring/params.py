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

    ``words`` is what a menu calls each choice; without them the choices speak for themselves.
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
