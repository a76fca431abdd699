"""Exact checks of written equations in free text.

``check_text`` says of any text whether the equations in it are true; ``scoring.verify.chain``
follows whole solutions.
"""

from __future__ import annotations

import enum
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.verify.expression import NoValueError, operate, states, value

if TYPE_CHECKING:
    from fractions import Fraction

MAX_TEXT = 20_000
MAX_EQUATIONS = 50

# What can be wrong with a step; keys of the error taxonomy of the sample project.
ERROR_TYPES = {
    "wrong_operation": "Another operation was carried out than the one written",
    "carried_digit": "A ten was carried or borrowed wrongly",
    "wrong_result": "The result is wrong",
    "dropped_term": "An operation that was asked for is left out",
    "wrong_number": "Goes on from another number than the one reached or asked for",
    "carried_error": "Right in itself, but goes on with an earlier error",
}

_SIGN = r"[-+*/×·÷−–]"
_RUN = re.compile(r"(?:[\d(\[]|[-−](?=\d))(?:[\d \t()\[\]=≈+*/×·÷−–-]|\.(?=\d)){0,400}[\d)\]]")
_UNREAD_BEFORE = re.compile(
    rf"(?:[\w^%!√)\].]|{_SIGN}\s*|\b(?:x|of|times|plus|minus|per|than|over|by|mod)\s+)$"
)
_UNREAD_AFTER = re.compile(rf"[A-Za-z_^%!√]|\s*{_SIGN}|\s*(?:times|plus|minus|mod)\b")
_OPERATION = re.compile(rf"[\d)\]]\s*{_SIGN}")
_SIMPLE = re.compile(rf"\s*(\d+)\s*({_SIGN})\s*(\d+)\s*")


class Verdict(enum.Enum):
    """What a checker can say about a text."""

    TRUE = "true"
    FALSE = "false"
    NOTHING = "nothing to check"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A step's rating: +1 or -1, or None where there is nothing to check.

    ``repairs`` marks the step that puts an earlier error right.
    """

    rating: int | None
    error_type: str = ""
    repairs: bool = False


def check_text(text: str) -> Verdict:
    """Say whether every equation in ``text`` holds exactly.

    A decimal may be cut or rounded (10 / 3 = 3.33). Sides with letters, with signs left over from
    words ("5 apples + 3 = 8") or beyond the bounds are not judged. Longer texts than ``MAX_TEXT``
    and equations after the first ``MAX_EQUATIONS`` are not read.
    """
    found = [holds for pair in equations(text) if (holds := _holds(*pair)) is not None]
    if not found:
        return Verdict.NOTHING
    return Verdict.TRUE if all(found) else Verdict.FALSE


def equations(text: str) -> list[tuple[str, str]]:
    """Return the pairs of neighbouring sides of the equations in ``text``.

    At least one side of each pair has an operation: "of 10 = 5" is the tail of something else.
    """
    if len(text) > MAX_TEXT:
        return []
    pairs: list[tuple[str, str]] = []
    plain = _plain(text)
    for run in _RUN.finditer(plain):
        sides = re.split(r"[=≈]", run[0])
        if _UNREAD_BEFORE.search(plain, max(0, run.start() - 12), run.start()):
            sides = sides[1:]
        if _UNREAD_AFTER.match(plain, run.end()):
            sides = sides[:-1]
        pairs += [
            (left, right)
            for left, right in itertools.pairwise(sides)
            if _OPERATION.search(left) or _OPERATION.search(right)
        ]
        if len(pairs) >= MAX_EQUATIONS:
            break
    return pairs[:MAX_EQUATIONS]


def slip(text: str) -> str:
    """Name the kind of the first false equation of a text that has one."""
    wrong = next(pair for pair in equations(text) if _holds(*pair) is False)
    operands, claimed = _SIMPLE.fullmatch(wrong[0]), _value(wrong[1])
    exact = _value(wrong[0])
    if operands is None or claimed is None or exact is None:
        return "wrong_result"
    left, right = value(operands[1]), value(operands[3])
    others = [operate(left, sign, right) for sign in "+-*"]
    if claimed in others or -claimed in others:
        return "wrong_operation"
    return "carried_digit" if abs(claimed - exact) == 10 else "wrong_result"


def _holds(left: str, right: str) -> bool | None:
    """Compare two sides; None if one cannot be read."""
    a, b = _value(left), _value(right)
    if a is None or b is None:
        return None
    return a == b or states(right, a) or states(left, b)


def _value(text: str) -> Fraction | None:
    try:
        return value(text)
    except NoValueError:
        return None


def _plain(text: str) -> str:
    """Remove calculator marks, currency and thousands separators; write ``x`` as a sign."""
    text = re.sub(r"<<[^<>]{0,200}>>", "", text).replace("$", "").replace("\\times", "×")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.sub(r"(?<=[\d)]) ?[xX] ?(?=[\d(])", " × ", text)
