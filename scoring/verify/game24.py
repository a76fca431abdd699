"""Exact checks of the Game of 24: is a step legal, and can 24 still be reached after it?"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from scoring.verify.expression import NoValueError, operate, states, value

MAX_NUMBERS = 6
MAX_TEXT = 1_000
TARGET = Fraction(24)

# What can be wrong with a step; keys of the error taxonomy of the sample project.
ERROR_TYPES = {
    "illegal_number": "Uses a number that is not available",
    "wrong_result": "The result is wrong",
    "wrong_rest": "The numbers left do not follow",
    "dead_end": "24 can no longer be reached",
    "carried_error": "Right in itself, but goes on with an earlier error",
}

_NUMBER = r"-?\d{1,12}(?:\.\d{1,12}|/\d{1,12})?"
_STEP = re.compile(
    rf"\s*({_NUMBER})\s*([-+*/])\s*({_NUMBER})\s*=\s*({_NUMBER})\s*\(left:([^()]*)\)\s*"
)
_ANSWER = re.compile(r"\s*answer:\s*([^=]*?)\s*=\s*24\s*\.?\s*", re.IGNORECASE)
_PLAIN = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """A step's rating: +1 or -1, or None where there is nothing to check."""

    rating: int | None
    error_type: str = ""


@dataclass(frozen=True, slots=True)
class Stand:
    """The numbers available, and whether every step so far was legal."""

    numbers: tuple[Fraction, ...]
    legal: bool = True


def reachable(numbers: tuple[Fraction, ...], target: Fraction = TARGET) -> bool:
    """Say whether ``target`` can be made of all ``numbers`` with + − × ÷ and brackets.

    Exact rationals, memoised on the sorted numbers; more than ``MAX_NUMBERS`` are never tried and
    count as unreachable.
    """
    if not 0 < len(numbers) <= MAX_NUMBERS:
        return False
    return _reach(tuple(sorted(numbers)), target)


@lru_cache(maxsize=200_000)
def _reach(numbers: tuple[Fraction, ...], target: Fraction) -> bool:
    if len(numbers) == 1:
        return numbers[0] == target
    for i, j in combinations(range(len(numbers)), 2):
        others = [x for k, x in enumerate(numbers) if k not in (i, j)]
        if any(
            _reach(tuple(sorted([*others, made])), target)
            for made in made_of(numbers[i], numbers[j])
        ):
            return True
    return False


def made_of(a: Fraction, b: Fraction) -> set[Fraction]:
    """Return everything one operation makes of two numbers."""
    results = {a + b, a - b, b - a, a * b}
    if b:
        results.add(a / b)
    if a:
        results.add(b / a)
    return results


def puzzle(prompt: str) -> tuple[Fraction, ...]:
    """Return the numbers of a puzzle's prompt; a last 24 after others is the goal, not a number."""
    found = [Fraction(n) for n in re.findall(r"(?<![\d.])\d{1,6}(?![\d.]*\d)", prompt[:MAX_TEXT])]
    if len(found) > 1 and len(found) != 4 and found[-1] == TARGET:
        found = found[:-1]
    return tuple(found)


def judge_step(stand: Stand, text: str) -> tuple[Judgement, Stand]:
    """Judge a step "4 × 6 = 24 (left: 5 24)" or "Answer: (10 − 4) × (5 − 1) = 24".

    +1 if the operation is legal and 24 can still be reached from what it leaves, else -1 with the
    reason; None if the text is neither kind of step.

    Returns:
        The judgement and the stand after the step.
    """
    if len(text) > MAX_TEXT or len(stand.numbers) > MAX_NUMBERS:
        return Judgement(None), stand
    plain = text.translate(_PLAIN)
    step = _STEP.fullmatch(plain)
    if step is None:
        return Judgement(None), stand
    after, error = _carry_out(stand, step)
    if error:
        return Judgement(-1, error), after
    if not stand.legal:
        return Judgement(-1, "carried_error"), after
    return (Judgement(1) if reachable(after.numbers) else Judgement(-1, "dead_end")), after


def _carry_out(stand: Stand, step: re.Match[str]) -> tuple[Stand, str]:
    """Return the stand after a written step, and what is illegal about it ("" = nothing)."""
    left, sign, right, result, rest = step.groups()
    written = rest.split()
    available = list(stand.numbers)
    operands = _take(available, left), _take(available, right)
    if operands[0] is None or operands[1] is None:
        return Stand(_numbers(written), legal=False), "illegal_number"
    try:
        made = operate(operands[0], sign, operands[1])
    except NoValueError:
        return Stand(_numbers(written), legal=False), "wrong_result"
    if not states(result, made):
        return Stand(_numbers(written), legal=False), "wrong_result"
    exact = [*available, made]
    unused = list(exact)
    if len(written) != len(exact) or any(_take(unused, number) is None for number in written):
        return Stand(_numbers(written), legal=False), "wrong_rest"
    return Stand(tuple(exact), stand.legal), ""


def _take(available: list[Fraction], written: str) -> Fraction | None:
    """Remove and return the available number that ``written`` states, or None."""
    found = next((number for number in available if states(written, number)), None)
    if found is not None:
        available.remove(found)
    return found


def _numbers(written: list[str]) -> tuple[Fraction, ...]:
    """Read what a wrong step leaves, so that the steps after it can still be followed."""
    return tuple(
        value(text)
        for text in written[:MAX_NUMBERS]
        if re.fullmatch(_NUMBER, text) and not text.endswith("/0")
    )


def judge_answer(numbers: tuple[Fraction, ...], text: str) -> Judgement:
    """Judge "Answer: EXPRESSION = 24" against the numbers of the puzzle."""
    answer = _ANSWER.fullmatch(text.translate(_PLAIN)) if len(text) <= MAX_TEXT else None
    if answer is None:
        return Judgement(None)
    used = Counter(Fraction(n) for n in re.findall(r"\d{1,12}", answer[1]))
    if used != Counter(numbers):
        return Judgement(-1, "illegal_number")
    try:
        return Judgement(1) if value(answer[1]) == TARGET else Judgement(-1, "wrong_result")
    except NoValueError:
        return Judgement(-1, "wrong_result")
