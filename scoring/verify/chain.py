"""Exact checks of solutions of a chain: "Start with 12: plus 7, times 2.", one operation per step.

A step is followed by what it says ("19 × 2 = 38"), so a term that was dropped is noticed although
every equation is true, and so is a later step that puts an earlier error right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from scoring.verify.arithmetic import MAX_TEXT, Judgement, Verdict, check_text, slip
from scoring.verify.expression import NoValueError, operate

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_OPERATIONS = 100
_START = re.compile(r"start with (\d{1,12})\b", re.IGNORECASE)
_ASKED = re.compile(r"\b(plus|minus|times) (\d{1,12})\b", re.IGNORECASE)
_DONE = re.compile(r"(?<!\d)(\d{1,12}) ?([+−×*-]) ?(\d{1,12}) ?= ?(\d{1,12})(?!\d)")
_SIGNS = {"plus": "+", "minus": "-", "times": "*"}
_PLAIN = str.maketrans({"−": "-", "×": "*"})


@dataclass(frozen=True, slots=True)
class Chain:
    """A task.

    Attributes:
        operations: sign and number of each.
        values: what it starts with, and what is right after each operation.
    """

    operations: tuple[tuple[str, int], ...]
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a solution stands: how many operations it has behind it, and whether all is right."""

    done: int = 0
    right: bool = True


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step says: ``before sign number = result``."""

    before: int
    operation: tuple[str, int]
    result: int


def parse(problem: str) -> Chain | None:
    """Return the chain that ``problem`` tells, or None if it tells none."""
    first = _START.search(problem) if len(problem) <= MAX_TEXT else None
    asked = _ASKED.findall(problem) if first else []
    if first is None or not 0 < len(asked) <= MAX_OPERATIONS:
        return None
    operations = tuple((_SIGNS[word.lower()], int(number)) for word, number in asked)
    values = [Fraction(first[1])]
    for sign, number in operations:
        try:
            values.append(operate(values[-1], sign, Fraction(number)))
        except NoValueError:
            return None
    return Chain(operations, tuple(values))


def judge(problem: str, steps: Iterable[str]) -> list[Judgement]:
    """Judge the steps of one solution of ``problem``, in order; see ``judge_step``."""
    chain, stand = parse(problem), Stand()
    judgements = []
    for step in steps:
        judgement, stand = judge_step(chain, stand, step)
        judgements.append(judgement)
    return judgements


def judge_step(chain: Chain | None, stand: Stand, text: str) -> tuple[Judgement, Stand]:
    """Judge one step of a solution of ``chain``.

    The rating answers "is the solution right after this step?": +1 if the step carries out one of
    the operations on the right value with the right result; -1 for the step that goes wrong *and*
    for every later step until one repairs it, which is +1 again. Without a chain, or of a step that
    carries out none, only the equations are judged.

    Returns:
        The judgement and the stand after the step.
    """
    verdict = check_text(text)
    step = _last_step(text)
    if chain is None or step is None:
        return _by_equations(verdict, text, stand), stand
    place = _place(chain, stand, step)
    done = (stand.done if place is None else place) + 1
    right = place is not None and chain.values[place] == step.before
    if right and chain.values[done] == step.result and verdict is Verdict.TRUE:
        return Judgement(1, repairs=not stand.right), Stand(done)
    wrong = _error_type(chain, stand, step, place, text if verdict is Verdict.FALSE else None)
    return Judgement(-1, wrong), Stand(done, right=False)


def _last_step(text: str) -> _Step | None:
    found = _DONE.findall(text) if len(text) <= MAX_TEXT else []
    if not found:
        return None
    before, sign, number, result = found[-1]
    return _Step(int(before), (sign.translate(_PLAIN), int(number)), int(result))


def _place(chain: Chain, stand: Stand, step: _Step) -> int | None:
    """Return which operation the step carries out: one on the right value, else the nearest."""
    places = [i for i, o in enumerate(chain.operations) if o == step.operation]
    return min(
        places,
        key=lambda i: (chain.values[i] != step.before, abs(i - stand.done), i < stand.done),
        default=None,
    )


def _error_type(
    chain: Chain, stand: Stand, step: _Step, place: int | None, false: str | None
) -> str:
    if false is not None:
        return slip(false)
    if not stand.right:
        return "carried_error"
    if place is not None and place > stand.done:
        return "dropped_term"
    for sign, number in chain.operations[stand.done : stand.done + 1]:
        if number == step.operation[1] and sign != step.operation[0]:
            return "wrong_operation"
    return "wrong_number"


def _by_equations(verdict: Verdict, text: str, stand: Stand) -> Judgement:
    if verdict is Verdict.FALSE:
        return Judgement(-1, slip(text))
    if not stand.right:
        return Judgement(-1, "carried_error")
    return Judgement(1) if verdict is Verdict.TRUE else Judgement(None)
