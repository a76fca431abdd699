"""Chains of operations, and imaginary solvers that carry them out with slips and repairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

HIGHEST = 99  # of any number that is written, wrong ones included
WORDS = {"+": "plus", "−": "minus", "×": "times"}
# Dropped terms are the hardest to see; in equal shares they would be the rarest, as the last
# operation of a chain cannot be dropped.
SLIPS = ("misread", "operation", "carry", "drop", "drop")
# What a solver does before a step: look back at an open error, or at a step that was right.
LOOK_BACK_RATE = 0.35
NEEDLESS_LOOK_RATE = 0.06
LOOKS = {"repair": 0.55, "botch": 0.25, "restate": 0.2}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a chain: a sign and the number after it."""

    sign: str
    number: int

    def on(self, value: int) -> int:
        """Return its result."""
        if self.sign == "×":
            return value * self.number
        return value + self.number if self.sign == "+" else value - self.number


@dataclass(frozen=True, slots=True)
class Chain:
    """A problem.

    Attributes:
        operations: all different, so that a step says which one it carries out.
        values: what it starts with and what is right after each operation; one more than those.
    """

    operations: tuple[Operation, ...]
    values: tuple[int, ...]

    def __str__(self) -> str:
        """Write it as a task."""
        told = ", ".join(f"{WORDS[o.sign]} {o.number}" for o in self.operations)
        return f"Start with {self.values[0]}: {told}."


@dataclass(frozen=True, slots=True)
class Point:
    """Where a solver stands.

    Attributes:
        value: what it believes to have reached.
        at: the operation it takes next.
        open: the operation that went wrong, None while all is right. No second slip is added to
            an open one: whatever is carried on from a wrong value then stays wrong.
        said: the step that led here, "" at the beginning.
    """

    value: int
    at: int = 0
    open: int | None = None
    said: str = ""


@dataclass(slots=True)
class Solution:
    """The steps of one solution, the state and the solver's point after each, and its value."""

    steps: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    answer: int = 0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a solver works.

    Attributes:
        slip_rate: chance of a slip at a step while all is right.
        look_back: chance, before a step, of looking back at an open error.
        needless: chance of looking back while all is right.
    """

    slip_rate: float
    look_back: float = LOOK_BACK_RATE
    needless: float = NEEDLESS_LOOK_RATE


def solve(rng: random.Random, chain: Chain, manner: Manner, start: Point | None = None) -> Solution:
    """Write one solution, or what follows on ``start``; draws again if a slip leads out of 0–99."""
    while True:
        solver = _Solver(rng, chain, manner, start or Point(chain.values[0]))
        if solver.run():
            return solver.solution


class _Solver:
    """Writes one solution of ``chain``; ``value``, ``at``, ``open`` and ``said`` are its ``Point``."""

    def __init__(self, rng: random.Random, chain: Chain, manner: Manner, start: Point) -> None:
        self.rng = rng
        self.chain = chain
        self.manner = manner
        self.value, self.at, self.open = start.value, start.at, start.open
        self.said = start.said
        self.solution = Solution()

    def run(self) -> bool:
        """Work to the end; False if a number left the range."""
        fits = True
        while fits and (self.at < len(self.chain.operations) or self.open is not None):
            looks = self.manner.look_back if self.open is not None else self.manner.needless
            if self.said and self.rng.random() < looks:
                fits = self._look_back()
            elif self.at == len(self.chain.operations):
                break
            elif self.open is None and self.rng.random() < self.manner.slip_rate:
                fits = self._slip(self.rng.choice(SLIPS))
            else:
                operation = self.chain.operations[self.at]
                fits = self._write(operation, operation.on(self.value))
        self.solution.answer = self.value
        return fits

    def _slip(self, kind: str) -> bool:
        """Take the next operation wrongly."""
        self.open = self.at
        asked = self.chain.operations[self.at]
        if kind == "drop" and self.at + 1 < len(self.chain.operations):
            self.at += 1
            following = self.chain.operations[self.at]
            return self._write(following, following.on(self.value))
        if kind == "misread":
            taken = self._misread(asked)
            return taken is not None and self._write(taken, taken.on(self.value))
        return self._write(asked, self._wrong(asked, self.value, kind))

    def _look_back(self) -> bool:
        """Say a step again after "Wait": to put the open error right, or in vain."""
        kind = "restate"
        if self.open is not None:
            (kind,) = self.rng.choices(tuple(LOOKS), tuple(LOOKS.values()))
        if kind == "restate" or self.open is None:
            self._note(f"Wait, {self.said.removeprefix('Wait, ')}")
            return True
        operation, before = self.chain.operations[self.open], self.chain.values[self.open]
        self.value, self.at = before, self.open
        if kind == "botch":
            wrong = self._wrong(operation, before, self.rng.choice(("operation", "carry")))
            return self._write(operation, wrong, "Wait, ")
        self.open = None
        return self._write(operation, operation.on(before), "Wait, ")

    def _wrong(self, operation: Operation, value: int, kind: str) -> int:
        """Return a wrong result of the given kind; out of range if there is none."""
        right = operation.on(value)
        if kind == "operation":
            wrong = [Operation(sign, operation.number).on(value) for sign in WORDS]
        else:
            wrong = [right + 10, right - 10]
        fit = [w for w in wrong if 0 <= w <= HIGHEST and w != right]
        return self.rng.choice(fit) if fit else -1

    def _misread(self, asked: Operation) -> Operation | None:
        """Return ``asked`` under another sign; None if that would pass for a right or a later step."""
        others = [Operation(sign, asked.number) for sign in WORDS if sign != asked.sign]
        right = asked.on(self.value)
        fit = [o for o in others if o.on(self.value) != right and o not in self.chain.operations]
        return self.rng.choice(fit) if fit else None

    def _write(self, operation: Operation, result: int, opening: str = "") -> bool:
        """Write a step and stand behind it; False if its result is out of range."""
        if not 0 <= result <= HIGHEST:
            return False
        text = f"{opening}{self.value} {operation.sign} {operation.number} = {result}"
        self.value = result
        self.at += 1
        self._note(text)
        return True

    def _note(self, text: str) -> None:
        self.said = text
        self.solution.steps.append(text)
        self.solution.states.append(state(self.value, self.chain.operations[self.at :]))
        self.solution.points.append(Point(self.value, self.at, self.open, text))


def state(value: int, left: tuple[Operation, ...]) -> str:
    """Write a state: "19 × 2 − 14", worked from left to right."""
    return " ".join([str(value), *(f"{o.sign} {o.number}" for o in left)])
