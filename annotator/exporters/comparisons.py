"""What can be compared inside one tree: siblings by target, traces by outcome."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from annotator.exporters.records import ExportProblem, path_to
from scoring.types import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Judged:
    """A step or the end of a trace, with the value it was given."""

    node: int
    value: float


class Group:
    """Judged items that may be compared with one another; equal values are ties.

    Args:
        level: ``step`` (siblings) or ``trace``.
        items: at least one, any order.
    """

    def __init__(self, level: str, items: Sequence[Judged]) -> None:
        self.level = level
        self._items = sorted(items, key=lambda item: -item.value)
        n = len(self._items)
        worse = []  # per item the first position with a lower value
        end = n
        for at in range(n - 1, -1, -1):
            if at < n - 1 and self._items[at].value != self._items[at + 1].value:
                end = at + 1
            worse.append(end)
        worse.reverse()
        self._worse = worse
        self._until = list(accumulate(n - end for end in worse))

    def __len__(self) -> int:
        """Return the number of pairs that are not ties."""
        return self._until[-1]

    @property
    def ties(self) -> int:
        """Return the number of pairs with equal values."""
        n = len(self._items)
        return n * (n - 1) // 2 - len(self)

    def pair(self, number: int) -> tuple[Judged, Judged]:
        """Return pair ``number`` as (better, worse), without listing the others."""
        at = bisect_right(self._until, number)
        before = self._until[at - 1] if at else 0
        return self._items[at], self._items[self._worse[at] + number - before]


def step_groups(problem: ExportProblem) -> list[Group]:
    """Return a group per family of siblings with at least two targets."""
    families: dict[int, list[Judged]] = {}
    for at, node in enumerate(problem.nodes):
        target = problem.target(at)
        if target is not None:
            families.setdefault(node.parent, []).append(Judged(at, target))
    return [Group("step", family) for family in families.values() if len(family) > 1]


def judged_traces(problem: ExportProblem, outcome: str) -> list[Judged]:
    """Return the traces whose outcome called ``outcome`` is known."""
    return [
        Judged(trace.end, item.value)
        for trace in problem.traces
        for item in trace.outcomes
        if item.name == outcome and item.value is not None
    ]


def sample(problem: ExportProblem, total: int, most: int) -> Iterator[int]:
    """Yield ``most`` of ``range(total)`` in order, the same ones every time; 0 = all."""
    if not most or total <= most:
        yield from range(total)
        return
    seed = int.from_bytes(blake2b(problem.id.encode(), digest_size=8).digest())
    yield from sorted(Random(seed).sample(range(total), most))  # noqa: S311 - repeatable on purpose


def fork(problem: ExportProblem, a: int, b: int) -> int:
    """Return the last common node of the paths to ``a`` and ``b``, -1 for the problem."""
    on_path = set(path_to(problem.nodes, a))
    while b != ROOT and b not in on_path:
        b = problem.nodes[b].parent
    return b


def prompt_text(problem: ExportProblem, node: int, separator: str) -> str:
    """Return the problem and the steps down to ``node``, a separator after each."""
    steps = [problem.nodes[at].text for at in path_to(problem.nodes, node)]
    return "".join(f"{part}{separator}" for part in (problem.problem.prompt, *steps))


def below(problem: ExportProblem, node: int, above: int, separator: str) -> str:
    """Return the steps after ``above`` down to ``node``."""
    steps = []
    while node != above:
        steps.append(problem.nodes[node].text)
        node = problem.nodes[node].parent
    return separator.join(reversed(steps))


def depth(problem: ExportProblem, node: int) -> int:
    """Return the number of steps from the problem to ``node``; 0 for the problem."""
    return len(path_to(problem.nodes, node))
