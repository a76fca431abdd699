"""Chains of arithmetic with best-of-n solutions into which slips are injected.

A problem lists operations; a solution carries them out one per step, result last:

    Start with 12: plus 7, times 2, minus 14, plus 9.
    12 + 7 = 19
    19 × 2 = 28          (a carried digit)
    28 − 14 = 14
    Wait, 19 × 2 = 38    (repairs it)
    38 − 14 = 24
    24 + 9 = 33

Slips are of four kinds: an operation read wrongly (19 + 2 = 21), another one carried out than the
one written (19 × 2 = 21), a ten carried wrongly, a term dropped (19 − 14 = 5). "Wait" is no sign of
a right step: it also opens repairs that fail, wrong steps that are only said again, and second
looks at steps that were right all along.

Steps are short and numbers stay within 0–99, so that a tokenizer that keeps whole numbers together
needs few tokens per fact. Records carry no labels: ``scoring.verify.label_record`` gives them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scoring.types import ROOT, NodeRecord, OutcomeRecord, ProblemRecord, TraceRecord, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HIGHEST = 99  # of any number that is written, wrong ones included
# Right results stay smaller: a model of a few million parameters has to learn this arithmetic from
# scratch within minutes, and every further number costs it examples.
HIGHEST_RIGHT = 40
HIGHEST_START = 12
OPERATION_COUNTS = (3, 4, 5)
WORDS = {"+": "plus", "−": "minus", "×": "times"}
HIGHEST_OPERAND = {"+": 9, "−": 9, "×": 4}
# Dropped terms are the hardest to see; in equal shares they would be the rarest, as the last
# operation of a chain cannot be dropped.
SLIPS = ("misread", "operation", "carry", "drop", "drop")
TRACES = 8
# What a solver does before a step: look back at an open error, or at a step that was right.
LOOK_BACK_RATE = 0.35
NEEDLESS_LOOK_RATE = 0.06
LOOKS = {"repair": 0.55, "botch": 0.25, "restate": 0.2}
# Two imaginary solvers, so that a project has a better and a worse source to compare.
SOLVERS = (("sample-solver-careful", 0.1), ("sample-solver-hasty", 0.25))


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


@dataclass(slots=True)
class Solution:
    """The steps of one solution, the state after each, and the value it comes to."""

    steps: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    answer: int = 0


def arithmetic(seed: int, n: int) -> Iterator[TreeRecord]:
    """Yield ``n`` different problems, each with ``TRACES`` solutions.

    One record per problem: equal prefixes of its solutions are one node already, and solutions
    that are equal to the end are traces of one node. The same seed gives the same records.
    """
    seen: set[str] = set()
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for i in range(n):
        chain = _problem(rng, seen)
        seen.add(str(chain))
        yield _record(rng, chain, TRACES, f"sample-arithmetic-{seed}-{i}", i)


def arithmetic_stream(
    seed: int, exclude_prompts: Iterable[str] = (), traces: int = 2
) -> Iterator[TreeRecord]:
    """Yield further problems without end, none of which has an excluded prompt.

    Args:
        seed: the same seed and exclusions give the same stream.
        exclude_prompts: prompts of held-out problems.
        traces: solutions per problem; fewer give more different problems per second.
    """
    excluded = frozenset(exclude_prompts)
    rng = random.Random(f"stream {seed}")  # noqa: S311 - repeatable, not secret
    i = 0
    while True:
        yield _record(rng, _problem(rng, excluded), traces, f"sample-stream-{seed}-{i}", i)
        i += 1


def _problem(rng: random.Random, excluded: set[str] | frozenset[str]) -> Chain:
    """Draw a chain whose values stay within 1 … ``HIGHEST_RIGHT``."""
    while True:
        values = [rng.randint(1, HIGHEST_START)]
        operations: list[Operation] = []
        for _ in range(rng.choice(OPERATION_COUNTS)):
            operations.append(_operation(rng, values[-1], operations))
            values.append(operations[-1].on(values[-1]))
        chain = Chain(tuple(operations), tuple(values))
        if str(chain) not in excluded:
            return chain


def _operation(rng: random.Random, value: int, before: list[Operation]) -> Operation:
    while True:
        sign = rng.choice(tuple(WORDS))
        # "times 1" would change nothing, and a chain with a step left out must come to something else
        number = rng.randint(2 if sign == "×" else 1, HIGHEST_OPERAND[sign])
        drawn = Operation(sign, number)
        if 1 <= drawn.on(value) <= HIGHEST_RIGHT and drawn not in before:
            return drawn


def _solve(rng: random.Random, chain: Chain, slip_rate: float) -> Solution:
    """Write one solution; draws again if a slip leads out of 0–99."""
    while True:
        solver = _Solver(rng, chain, slip_rate)
        if solver.run():
            return solver.solution


class _Solver:
    """Writes one solution of ``chain``.

    Attributes:
        value: what it believes to have reached.
        at: the operation it takes next.
        open: the operation that went wrong, None while all is right. No second slip is added to
            an open one: whatever is carried on from a wrong value then stays wrong.
    """

    def __init__(self, rng: random.Random, chain: Chain, slip_rate: float) -> None:
        self.rng = rng
        self.chain = chain
        self.slip_rate = slip_rate
        self.value = chain.values[0]
        self.at = 0
        self.open: int | None = None
        self.solution = Solution()

    def run(self) -> bool:
        """Work to the end; False if a number left the range."""
        fits = True
        while fits and (self.at < len(self.chain.operations) or self.open is not None):
            looks = LOOK_BACK_RATE if self.open is not None else NEEDLESS_LOOK_RATE
            if self.solution.steps and self.rng.random() < looks:
                fits = self._look_back()
            elif self.at == len(self.chain.operations):
                break
            elif self.open is None and self.rng.random() < self.slip_rate:
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
            said = self.solution.steps[-1].removeprefix("Wait, ")
            self._note(f"Wait, {said}")
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
        self.solution.steps.append(text)
        self.solution.states.append(_state(self.value, self.chain.operations[self.at :]))


def _state(value: int, left: tuple[Operation, ...]) -> str:
    """Write a state: "19 × 2 − 14", worked from left to right."""
    return " ".join([str(value), *(f"{o.sign} {o.number}" for o in left)])


def _record(rng: random.Random, chain: Chain, count: int, key: str, position: int) -> TreeRecord:
    """Solve a problem ``count`` times and share equal prefixes."""
    answer = chain.values[-1]
    record = TreeRecord(
        key=key,
        problem=ProblemRecord(str(chain), str(answer), {"sample": "arithmetic"}),
        nodes=[],
        traces=[],
        merge=True,
        meta={"checker": "arithmetic", "generated": True},
        record=position,
    )
    known: dict[tuple[int, str], int] = {}
    for i in range(count):
        name, slip_rate = SOLVERS[i % len(SOLVERS)]
        solution = _solve(rng, chain, slip_rate)
        end = _add(record, known, solution, _state(chain.values[0], chain.operations))
        outcome = OutcomeRecord("correct", float(solution.answer == answer), "generator")
        record.traces.append(
            TraceRecord(end, f"{key}-{i}", name, {"slip_rate": slip_rate}, [outcome])
        )
    return record


def _add(
    record: TreeRecord, known: dict[tuple[int, str], int], solution: Solution, state: str
) -> int:
    """Add the nodes of a solution that are not there yet; return its end."""
    at, before = ROOT, state
    last = len(solution.steps) - 1
    for i, (text, after) in enumerate(zip(solution.steps, solution.states, strict=True)):
        if (at, text) not in known:
            known[at, text] = len(record.nodes)
            kind = "answer" if i == last else "thought"
            record.nodes.append(NodeRecord(text, at, kind, state_before=before, state_after=after))
        at, before = known[at, text], after
    return at
