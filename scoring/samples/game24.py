"""Game-of-24 search trees: beam search with imperfect proposals and noisy values.

    Use 4, 5, 6 and 10 once each with + − × ÷ to make 24.
    10 − 4 = 6 (left: 5 6 6)
    5 × 6 = 30 (left: 6 30)
    30 − 6 = 24 (left: 24)
    Answer: 5 × 6 − (10 − 4) = 24

A level proposes operations (some with a wrong result), values each by three noisy votes and keeps
the best; the others stay in the tree as pruned leaves. Numbers that were reached twice have the
same ``state_after``. Records carry no labels: ``scoring.verify.label_record`` gives them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

from scoring.types import ROOT, NodeRecord, OutcomeRecord, ProblemRecord, TraceRecord, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = 24
PROPOSALS = ((10, 16), (6, 10), (3, 4))  # fewest and most per kept node, by level
KEPT = (5, 7)
SLIP_RATE = 0.06
# Votes of the value estimate, as in a search that asks "sure / likely / impossible" three times.
SURE, LIKELY, IMPOSSIBLE = 20.0, 1.0, 0.001
VOTES = 3
_CORRECT_VOTE = 0.75  # of one vote; where one number is left it is plain to see:
_CORRECT_LAST_VOTE = 0.97
_UGLY_RATE = 0.25  # how often a division with a remainder is proposed at all


@dataclass(slots=True)
class Number:
    """An available number with the way it was made; ``rank`` 1 = a sum, 2 = a product, 3 = given."""

    value: Fraction
    made: str
    rank: int = 3


@dataclass(slots=True, eq=False)
class Candidate:
    """A proposed step: what it says, what it leaves, and where it hangs."""

    text: str
    left: list[Number]
    parent: int
    legal: bool
    node: int = ROOT
    value: float = 0.0
    state: str = field(init=False)

    def __post_init__(self) -> None:
        self.state = _state(self.left)


def game24(seed: int, n: int) -> Iterator[TreeRecord]:
    """Yield ``n`` search trees of different solvable puzzles, about 50–150 nodes each.

    The tree is the source's own (``merge`` is False). Every finished leaf ends one trace with the
    outcome ``correct``: 1 for an answer that makes 24 of the given numbers, else 0.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    seen: set[tuple[int, ...]] = set()
    for i in range(n):
        numbers = _puzzle(rng, seen)
        seen.add(tuple(sorted(numbers)))
        yield _search(rng, numbers, f"sample-game24-{seed}-{i}", i)


def _puzzle(rng: random.Random, seen: set[tuple[int, ...]]) -> list[int]:
    while True:
        numbers = [rng.randint(1, 13) for _ in range(4)]
        key = tuple(sorted(numbers))
        if key not in seen and _solvable(tuple(map(Fraction, key))):
            return numbers


@lru_cache(maxsize=100_000)
def _solvable(numbers: tuple[Fraction, ...]) -> bool:
    """Say whether 24 can be made of sorted ``numbers``: the truth the noisy votes are about.

    Written apart from the checker on purpose, so that neither can hide a fault of the other.
    """
    if len(numbers) == 1:
        return numbers[0] == TARGET
    for i, j in combinations(range(len(numbers)), 2):
        others = [x for k, x in enumerate(numbers) if k not in (i, j)]
        a, b = numbers[i], numbers[j]
        made = {a + b, a - b, b - a, a * b} | ({a / b} if b else set()) | ({b / a} if a else set())
        if any(_solvable(tuple(sorted([*others, x]))) for x in made):
            return True
    return False


def _search(rng: random.Random, numbers: list[int], key: str, position: int) -> TreeRecord:
    """Run the beam search and record everything it looked at."""
    names = ", ".join(map(str, numbers[:3]))
    record = TreeRecord(
        key=key,
        problem=ProblemRecord(
            f"Use {names} and {numbers[3]} once each with + − × ÷ to make 24.",
            str(TARGET),
            {"sample": "game24"},
        ),
        nodes=[],
        traces=[],
        merge=False,
        meta={"checker": "game24", "generated": True},
        record=position,
    )
    start = [Number(Fraction(x), str(x)) for x in numbers]
    beam = [Candidate("", start, ROOT, legal=True)]
    width = rng.randint(*KEPT)
    for fewest, most in PROPOSALS:
        level = [c for kept in beam for c in _propose(rng, kept, rng.randint(fewest, most))]
        for candidate in level:
            _add(record, rng, candidate, {c.node: c.state for c in beam})
        beam = sorted(level, key=lambda c: -c.value)[:width]
        for candidate in level:
            finished = len(candidate.left) == 1
            record.nodes[candidate.node].meta["pruned"] = not finished and candidate not in beam
    for candidate in level:
        _finish(record, candidate)
    return record


def _propose(rng: random.Random, kept: Candidate, count: int) -> list[Candidate]:
    """Draw up to ``count`` different operations on the numbers of ``kept``."""
    pairs = list(combinations(range(len(kept.left)), 2))
    options = [(i, j, sign) for i, j in pairs for sign in "+−×÷"]
    rng.shuffle(options)
    found: dict[str, Candidate] = {}
    for i, j, sign in options:
        candidate = _operate(rng, kept, (i, j) if rng.random() < 0.5 else (j, i), sign)
        if candidate is not None and candidate.text not in found:
            found[candidate.text] = candidate
        if len(found) == count:
            break
    return list(found.values())


def _operate(
    rng: random.Random, kept: Candidate, pair: tuple[int, int], sign: str
) -> Candidate | None:
    """Write one operation; None for what nobody proposes (÷ 0, long fractions)."""
    a, b = kept.left[pair[0]], kept.left[pair[1]]
    if sign == "−" and a.value < b.value:
        a, b = b, a
    if sign == "÷" and not b.value:
        return None
    exact = {
        "+": lambda: a.value + b.value,
        "−": lambda: a.value - b.value,
        "×": lambda: a.value * b.value,
        "÷": lambda: a.value / b.value,
    }[sign]()
    if exact.denominator > 1 and (exact.denominator > 13 or rng.random() > _UGLY_RATE):
        return None
    slip = rng.random() < SLIP_RATE
    result = exact + rng.choice((-10, -1, 1, 2, 10)) if slip else exact
    if result < 0:
        return None
    others = [x for k, x in enumerate(kept.left) if k not in pair]
    left = sorted([*others, _combined(a, sign, b, result)], key=lambda x: x.value)
    text = f"{a.value} {sign} {b.value} = {result} (left: {_state(left)})"
    return Candidate(text, left, kept.node, kept.legal and not slip)


def _combined(a: Number, sign: str, b: Number, result: Fraction) -> Number:
    """Return the new number with its expression, bracketed only where needed."""
    rank = 1 if sign in "+−" else 2
    left = a.made if a.rank >= rank else f"({a.made})"
    right = b.made if b.rank > rank or (b.rank == rank and sign in "+×") else f"({b.made})"
    return Number(result, f"{left} {sign} {right}", rank)


def _state(numbers: list[Number]) -> str:
    """Write the numbers in order, so that equal states are equal texts."""
    return " ".join(str(x.value) for x in sorted(numbers, key=lambda x: x.value))


def _votes(rng: random.Random, candidate: Candidate) -> float:
    """Sum three votes on whether 24 can still be reached."""
    true = _solvable(tuple(sorted(x.value for x in candidate.left)))
    reliable = _CORRECT_LAST_VOTE if len(candidate.left) == 1 else _CORRECT_VOTE
    total = 0.0
    for _ in range(VOTES):
        good = true if rng.random() < reliable else not true
        total += rng.choice((SURE, LIKELY)) if good else IMPOSSIBLE
    return round(total, 3)


def _add(
    record: TreeRecord, rng: random.Random, candidate: Candidate, states: dict[int, str]
) -> None:
    candidate.node = len(record.nodes)
    candidate.value = _votes(rng, candidate)
    record.nodes.append(
        NodeRecord(
            candidate.text,
            candidate.parent,
            "action",
            state_before=states[candidate.parent],
            state_after=candidate.state,
            value=candidate.value,
            visits=VOTES,
        )
    )


def _finish(record: TreeRecord, candidate: Candidate) -> None:
    """End a trace at a node that left one number, with the answer where that is 24."""
    end = candidate.node
    last = candidate.left[0]
    if last.value == TARGET:
        record.nodes.append(
            NodeRecord(
                f"Answer: {last.made} = 24",
                end,
                "answer",
                state_before=candidate.state,
                state_after=candidate.state,
            )
        )
        end = len(record.nodes) - 1
    correct = last.value == TARGET and candidate.legal
    outcome = OutcomeRecord("correct", float(correct), "generator")
    record.traces.append(
        TraceRecord(
            end,
            f"{record.key}-{len(record.traces)}",
            "sample-beam-search",
            {"votes": VOTES, "slip_rate": SLIP_RATE},
            [outcome],
        )
    )
