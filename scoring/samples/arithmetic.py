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
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.samples.chains import LOOK_BACK_RATE, WORDS, Chain, Manner, Operation, solve, state
from scoring.types import ROOT, NodeRecord, OutcomeRecord, ProblemRecord, TraceRecord, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scoring.samples.chains import Solution

# Right results stay smaller: a model of a few million parameters has to learn this arithmetic from
# scratch within minutes, and every further number costs it examples.
HIGHEST_RIGHT = 40
HIGHEST_START = 12
OPERATION_COUNTS = (3, 4, 5)
HIGHEST_OPERAND = {"+": 9, "−": 9, "×": 4}
TRACES = 8
# Two imaginary solvers, so that a project has a better and a worse source to compare.
SOLVERS = (("sample-solver-careful", 0.1), ("sample-solver-hasty", 0.25))


@dataclass(frozen=True, slots=True)
class Style:
    """What generated problems and solutions are like; the defaults are the sample project's.

    Attributes:
        corrections: chance, before each step after an error, that the solver looks back at it.
        highest: of right results.
        rollouts: solutions that are continued from every step to estimate its value, the share of them
            that end right; 0: steps have no value.
    """

    corrections: float = LOOK_BACK_RATE
    highest: int = HIGHEST_RIGHT
    rollouts: int = 0


SAMPLE = Style()


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
    seed: int,
    exclude_prompts: Iterable[str] = (),
    traces: int = 2,
    *,
    style: Style = SAMPLE,
) -> Iterator[TreeRecord]:
    """Yield further problems without end, none of which has an excluded prompt.

    Args:
        seed: the same seed and exclusions give the same stream.
        exclude_prompts: prompts of held-out problems.
        traces: solutions per problem; fewer give more different problems per second.
        style: what they are like.
    """
    excluded = frozenset(exclude_prompts)
    rng = random.Random(f"stream {seed}")  # noqa: S311 - repeatable, not secret
    i = 0
    while True:
        chain = _problem(rng, excluded, style.highest)
        yield _record(rng, chain, traces, f"sample-stream-{seed}-{i}", i, style)
        i += 1


def _problem(
    rng: random.Random, excluded: set[str] | frozenset[str], highest: int = HIGHEST_RIGHT
) -> Chain:
    """Draw a chain whose values stay within 1 … ``highest``."""
    while True:
        values = [rng.randint(1, min(HIGHEST_START, highest))]
        operations: list[Operation] = []
        for _ in range(rng.choice(OPERATION_COUNTS)):
            operations.append(_operation(rng, values[-1], operations, highest))
            values.append(operations[-1].on(values[-1]))
        chain = Chain(tuple(operations), tuple(values))
        if str(chain) not in excluded:
            return chain


def _operation(rng: random.Random, value: int, before: list[Operation], highest: int) -> Operation:
    while True:
        sign = rng.choice(tuple(WORDS))
        # "times 1" would change nothing, and a chain with a step left out must come to something else
        number = rng.randint(2 if sign == "×" else 1, HIGHEST_OPERAND[sign])
        drawn = Operation(sign, number)
        if 1 <= drawn.on(value) <= highest and drawn not in before:
            return drawn


def _record(
    rng: random.Random,
    chain: Chain,
    count: int,
    key: str,
    position: int,
    style: Style = SAMPLE,
) -> TreeRecord:
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
    apart = random.Random(f"rollouts {key}")  # noqa: S311 - repeatable, not secret
    for i in range(count):
        name, slip_rate = SOLVERS[i % len(SOLVERS)]
        manner = Manner(slip_rate, style.corrections)
        solution = solve(rng, chain, manner)
        first = len(record.nodes)
        end = _add(record, known, solution, state(chain.values[0], chain.operations))
        if style.rollouts:
            # New nodes are the last ones of the solution.
            points = solution.points[len(solution.points) - (len(record.nodes) - first) :]
            for node, point in zip(record.nodes[first:], points, strict=True):
                ends = [solve(apart, chain, manner, point).answer for _ in range(style.rollouts)]
                node.value = ends.count(answer) / style.rollouts
        outcome = OutcomeRecord("correct", float(solution.answer == answer), "generator")
        record.traces.append(
            TraceRecord(end, f"{key}-{i}", name, {"slip_rate": slip_rate}, [outcome])
        )
    return record


def _add(
    record: TreeRecord, known: dict[tuple[int, str], int], solution: Solution, begun: str
) -> int:
    """Add the nodes of a solution that are not there yet; return its end."""
    at, before = ROOT, begun
    last = len(solution.steps) - 1
    for i, (text, after) in enumerate(zip(solution.steps, solution.states, strict=True)):
        if (at, text) not in known:
            known[at, text] = len(record.nodes)
            kind = "answer" if i == last else "thought"
            record.nodes.append(NodeRecord(text, at, kind, state_before=before, state_after=after))
        at, before = known[at, text], after
    return at
