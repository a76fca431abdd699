"""Multi-step arithmetic with best-of-n solutions into which slips are injected.

A problem is a sum of numbers and products; a solution takes one operation per step and says what
is left:

    Work out 3 × 4 + 5 × 6 − 14 + 9.
    Take 3 × 4 = 12, leaving 12 + 5 × 6 − 14 + 9.
    Take 5 × 6 = 11, leaving 12 + 11 − 14 + 9.              (a wrong operation)
    Wait, 5 × 6 = 30 and not 11, leaving 12 + 30 − 14 + 9.  (repairs it)
    …
    Take 28 + 9 = 37, so the answer is 37.

Slips are of three kinds: another operation than the one written, a ten carried wrongly, a term
dropped from what is left. All numbers stay within 0–99 and every number stands after a space, so a
tokenizer that keeps whole numbers together needs about 120 tokens in all. Records carry no labels: ``scoring.verify.label_record`` gives them.
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
HIGHEST_RIGHT = 50
TERM_COUNTS = (3, 3, 4, 4, 4, 5)
TRACES = 8
REPAIR_RATE = 0.3
# Two imaginary solvers, so that a project has a better and a worse source to compare.
SOLVERS = (("sample-solver-careful", 0.1), ("sample-solver-hasty", 0.25))


@dataclass(slots=True)
class Term:
    """A signed term of the sum: a number, or a product still to be worked out."""

    sign: int
    factors: tuple[int, ...]

    def __str__(self) -> str:
        """Write the term without its sign."""
        return " × ".join(map(str, self.factors))


Terms = list[Term]


@dataclass(slots=True)
class Solution:
    """The steps of one solution, what each leaves, and the answer it comes to."""

    steps: list[str] = field(default_factory=list)
    rests: list[str] = field(default_factory=list)
    answer: int = 0


def arithmetic(seed: int, n: int) -> Iterator[TreeRecord]:
    """Yield ``n`` different problems, each with ``TRACES`` solutions.

    One record per problem: equal prefixes of its solutions are one node already, and solutions
    that are equal to the end are traces of one node. The same seed gives the same records.
    """
    seen: set[str] = set()
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for i in range(n):
        terms = _problem(rng, seen)
        seen.add(written(terms))
        yield _record(rng, terms, TRACES, f"sample-arithmetic-{seed}-{i}", i)


def arithmetic_stream(
    seed: int, exclude_prompts: Iterable[str] = (), traces: int = 2
) -> Iterator[TreeRecord]:
    """Yield further problems without end, none of which has the expression of an excluded prompt.

    Args:
        seed: the same seed and exclusions give the same stream.
        exclude_prompts: prompts of held-out problems.
        traces: solutions per problem; fewer give more different problems per second.
    """
    excluded = {expression_of(prompt) for prompt in exclude_prompts}
    rng = random.Random(f"stream {seed}")  # noqa: S311 - repeatable, not secret
    i = 0
    while True:
        yield _record(rng, _problem(rng, excluded), traces, f"sample-stream-{seed}-{i}", i)
        i += 1


def expression_of(prompt: str) -> str:
    """Return the expression in a prompt of this module."""
    return prompt.removeprefix("Work out ").removesuffix(".")


def written(terms: Terms) -> str:
    """Write a sum: "12 + 5 × 6 − 8"."""
    signs = [" + " if term.sign > 0 else " − " for term in terms]
    return "".join(map("".join, zip(signs, map(str, terms), strict=True))).removeprefix(" + ")


def _problem(rng: random.Random, excluded: set[str]) -> Terms:
    """Draw a sum of 3–5 terms, 1–2 of them products, no result above ``HIGHEST_RIGHT``."""
    while True:
        count = rng.choice(TERM_COUNTS)
        products = set(rng.sample(range(count), rng.randint(1, 2)))
        terms = [
            Term(
                1 if i == 0 or rng.random() < 0.6 else -1,
                (rng.randint(2, 9), rng.randint(2, 9)) if i in products else (rng.randint(1, 20),),
            )
            for i in range(count)
        ]
        if _sums_within(terms) and written(terms) not in excluded:
            return terms


def _sums_within(terms: Terms) -> bool:
    total = 0
    for term in terms:
        total += term.sign * _product(term)
        if not 0 <= total <= HIGHEST_RIGHT or _product(term) > HIGHEST_RIGHT:
            return False
    return True


def _product(term: Term) -> int:
    return term.factors[0] * (term.factors[1] if len(term.factors) > 1 else 1)


@dataclass(slots=True)
class _Operation:
    """An operation that can be taken next: a product at ``at``, or the first two terms' sum."""

    at: int
    left: int
    sign: str
    right: int

    @property
    def result(self) -> int:
        return {
            "+": self.left + self.right,
            "−": self.left - self.right,
            "×": self.left * self.right,
        }[self.sign]

    def applied(self, terms: Terms, result: int) -> Terms:
        """Return the terms with the operation replaced by ``result``."""
        if self.sign == "×":
            return [*terms[: self.at], Term(terms[self.at].sign, (result,)), *terms[self.at + 1 :]]
        return [Term(1, (result,)), *terms[2:]]


def _choices(terms: Terms) -> list[_Operation]:
    """List the operations that may be taken next, from left to right."""
    choices = [
        _Operation(i, term.factors[0], "×", term.factors[1])
        for i, term in enumerate(terms)
        if len(term.factors) > 1
    ]
    if len(terms) > 1 and len(terms[0].factors) == len(terms[1].factors) == 1:
        sign = "+" if terms[1].sign > 0 else "−"
        choices.insert(0, _Operation(0, terms[0].factors[0], sign, terms[1].factors[0]))
    return choices


def _solve(rng: random.Random, terms: Terms, slip_rate: float) -> Solution:
    """Write one solution; draws again if a slip leads out of 0–99."""
    while True:
        solver = _Solver(rng, terms, slip_rate)
        if solver.run():
            return solver.solution


class _Solver:
    """Writes one solution: ``believed`` is what it works with, ``true`` what it should be."""

    def __init__(self, rng: random.Random, terms: Terms, slip_rate: float) -> None:
        self.rng = rng
        self.slip_rate = slip_rate
        self.believed = terms
        self.true = terms
        self.repair: str | None = None  # how the open slip would be put right
        self.solution = Solution()

    def run(self) -> bool:
        """Work to the end; False if a number left the range."""
        while _choices(self.believed) or self.repair:
            if self.repair and self.rng.random() < REPAIR_RATE:
                self.believed = self.true
                self._write(self.repair)
                self.repair = None
            elif not _choices(self.believed):
                break
            elif not self._take():
                return False
        self.solution.answer = self.believed[0].factors[0]
        return True

    def _take(self) -> bool:
        choices = _choices(self.believed)
        first = len(choices) == 1 or self.rng.random() < 0.7
        operation = choices[0] if first else self.rng.choice(choices[1:])
        result = operation.result
        true_left = self._follow(operation)
        kind = ""
        if self.believed == self.true and self.rng.random() < self.slip_rate:
            kind = self.rng.choice(("operation", "carry", "drop"))
        if kind in ("operation", "carry"):
            result = self._wrong(operation, kind)
        if not 0 <= result <= HIGHEST:
            return False
        left = operation.applied(self.believed, result)
        equation = f"{operation.left} {operation.sign} {operation.right} = "
        if kind == "drop" and len(left) > 1:
            gone = left.pop(self.rng.randrange(1, len(left)))
            self.repair = f"Wait, {'+' if gone.sign > 0 else '−'} {gone} was dropped"
        elif result != operation.result:
            self.repair = f"Wait, {equation}{operation.result} and not {result}"
        elif true_left is None:
            self.repair = None  # the true sum can no longer be followed step by step
        self.believed = left
        self.true = true_left if true_left is not None else self.true
        self._write(f"Take {equation}{result}")
        return True

    def _follow(self, operation: _Operation) -> Terms | None:
        """Take the same operation on the true terms; None where it is not there to be taken."""
        if len(self.true) != len(self.believed):
            return None
        same = [o for o in _choices(self.true) if (o.at, o.sign) == (operation.at, operation.sign)]
        return same[0].applied(self.true, same[0].result) if same else None

    def _wrong(self, operation: _Operation, kind: str) -> int:
        """Return a wrong result of the given kind; out of range if there is none."""
        a, b = operation.left, operation.right
        if kind == "operation":
            wrong = {"+": (a - b, a * b), "−": (a + b,), "×": (a + b,)}[operation.sign]
        else:
            wrong = (operation.result + 10, operation.result - 10)
        fit = [w for w in wrong if 0 <= w <= HIGHEST and w != operation.result]
        return self.rng.choice(fit) if fit else -1

    def _write(self, sentence: str) -> None:
        rest = written(self.believed)
        done = not _choices(self.believed)
        self.solution.steps.append(
            f"{sentence}, so the answer is {rest}." if done else f"{sentence}, leaving {rest}."
        )
        self.solution.rests.append(rest)


def _record(rng: random.Random, terms: Terms, count: int, key: str, position: int) -> TreeRecord:
    """Solve a problem ``count`` times and share equal prefixes."""
    expression = written(terms)
    answer = sum(term.sign * _product(term) for term in terms)
    record = TreeRecord(
        key=key,
        problem=ProblemRecord(f"Work out {expression}.", str(answer), {"sample": "arithmetic"}),
        nodes=[],
        traces=[],
        merge=True,
        meta={"checker": "arithmetic", "generated": True},
        record=position,
    )
    known: dict[tuple[int, str], int] = {}
    for i in range(count):
        name, slip_rate = SOLVERS[i % len(SOLVERS)]
        solution = _solve(rng, terms, slip_rate)
        end = _add(record, known, solution, expression)
        outcome = OutcomeRecord("correct", float(solution.answer == answer), "generator")
        record.traces.append(
            TraceRecord(end, f"{key}-{i}", name, {"slip_rate": slip_rate}, [outcome])
        )
    return record


def _add(
    record: TreeRecord, known: dict[tuple[int, str], int], solution: Solution, expression: str
) -> int:
    """Add the nodes of a solution that are not there yet; return its end."""
    at, before = ROOT, expression
    last = len(solution.steps) - 1
    for i, (text, rest) in enumerate(zip(solution.steps, solution.rests, strict=True)):
        if (at, text) not in known:
            known[at, text] = len(record.nodes)
            kind = "answer" if i == last else "thought"
            record.nodes.append(NodeRecord(text, at, kind, state_before=before, state_after=rest))
        at, before = known[at, text], rest
    return at
