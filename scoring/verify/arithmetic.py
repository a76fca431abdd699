"""Exact checks of written arithmetic: single equations, and whole solutions of an expression.

``check_text`` says of any text whether the equations in it are true. ``judge`` follows a solution
that keeps saying what is left to compute ("…, leaving 12 + 30 − 8", "Left: …", "the answer is
34"), so it also notices a term that was dropped although every equation is true.
"""

from __future__ import annotations

import enum
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.verify.expression import NoValueError, operate, states, value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

MAX_TEXT = 20_000
MAX_EQUATIONS = 50

# What can be wrong with a step; keys of the error taxonomy of the sample project.
ERROR_TYPES = {
    "wrong_operation": "Another operation was carried out than the one written",
    "carried_digit": "A ten was carried or borrowed wrongly",
    "wrong_result": "The result is wrong",
    "dropped_term": "A term is missing from what is left",
    "wrong_rest": "What is left was copied wrongly",
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
_LEFT = re.compile(r"(?:leaving|left:|remaining:)\s*([^,;:a-z]*?)[\s.]*$", re.IGNORECASE)
_ANSWER = re.compile(r"answer(?:\s+is|:)\s*([^,;:a-z]*?)[\s.]*$", re.IGNORECASE)


class Verdict(enum.Enum):
    """What a checker can say about a text."""

    TRUE = "true"
    FALSE = "false"
    NOTHING = "nothing to check"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a solution stands: the expression it says is left, and whether that is still right."""

    rest: str
    right: bool


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


def start(problem: str) -> Stand | None:
    """Return the stand before the first step: the longest expression in ``problem``, or None."""
    if len(problem) > MAX_TEXT:
        return None
    runs = sorted((run[0] for run in _RUN.finditer(_plain(problem))), key=len, reverse=True)
    for run in runs[:MAX_EQUATIONS]:
        if _OPERATION.search(run) and _value(run) is not None:
            return Stand(run, right=True)
    return None


def judge(problem: str, steps: Iterable[str]) -> list[Judgement]:
    """Judge the steps of one solution of ``problem``, in order; see ``judge_step``."""
    stand = start(problem)
    target = _value(stand.rest) if stand else None
    judgements = []
    for step in steps:
        judgement, stand = judge_step(target, stand, step)
        judgements.append(judgement)
    return judgements


def judge_step(
    target: Fraction | None, stand: Stand | None, text: str
) -> tuple[Judgement, Stand | None]:
    """Judge one step of a solution that should come to ``target``.

    The rating answers "is the solution right after this step?": +1 if the step's equations hold
    and what it leaves still comes to ``target``; -1 for the step that goes wrong *and* for every
    later step until one repairs it, which is +1 again. Of a step that says nothing about what is
    left only the equations are judged.

    Returns:
        The judgement and the stand after the step.
    """
    verdict = check_text(text)
    rest = stated_rest(text)
    left = _value(rest) if rest is not None else None
    if target is None or stand is None or rest is None or left is None:
        return _by_equations(verdict, text, stand), stand
    after = Stand(rest, right=left == target)
    if verdict is Verdict.FALSE:
        return Judgement(-1, _slip(text)), after
    if after.right:
        return Judgement(1, repairs=not stand.right), after
    if not stand.right and left == _value(stand.rest):
        return Judgement(-1, "carried_error"), after
    fewer = _operands(rest) < _operands(stand.rest) - 1
    return Judgement(-1, "dropped_term" if fewer else "wrong_rest"), after


def stated_rest(text: str) -> str | None:
    """Return the expression that ``text`` says is left, or its answer; None if it says neither."""
    if len(text) > MAX_TEXT:
        return None
    match = _LEFT.search(text) or _ANSWER.search(text)
    return match[1] if match and match[1] else None


def _by_equations(verdict: Verdict, text: str, stand: Stand | None) -> Judgement:
    if verdict is Verdict.FALSE:
        return Judgement(-1, _slip(text))
    if stand is not None and not stand.right:
        return Judgement(-1, "carried_error")
    return Judgement(1) if verdict is Verdict.TRUE else Judgement(None)


def _slip(text: str) -> str:
    """Name the kind of the first false equation."""
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


def _operands(expression: str) -> int:
    return len(re.findall(r"\d+(?:\.\d+)?", expression))


def _plain(text: str) -> str:
    """Remove calculator marks, currency and thousands separators; write ``x`` as a sign."""
    text = re.sub(r"<<[^<>]{0,200}>>", "", text).replace("$", "").replace("\\times", "×")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.sub(r"(?<=[\d)]) ?[xX] ?(?=[\d(])", " × ", text)
