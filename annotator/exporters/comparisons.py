"""What can be compared inside one tree: by rankings, siblings by target, traces by outcome.

The one place where judgements become pairs: snapshots count them and every exporter of pairs writes
them. What people compared directly comes first; a pair that a ranking speaks about, be it as a tie, is
taken from no rating and no outcome.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from annotator.exporters.options import EVERY_LEVEL
from annotator.exporters.ranked import Decided, PairKey, decided_pairs
from annotator.exporters.records import children_of
from scoring.preference.groups import Group, Judged, sample
from scoring.preference.types import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from annotator.exporters.records import ExportProblem
    from annotator.exporters.writer import Sink

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Numbered(Protocol[T_co]):
    """Things that are counted and got by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> T_co: ...


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ends of paths, of which one was found better.

    ``decided``: what the rankings say, None where ratings or outcomes tell the two apart.
    """

    level: str
    better: Judged
    worse: Judged
    decided: Decided | None = None


class Pairs:
    """All pairs of a problem by number: ranked ones, siblings by target, traces by outcome.

    Of the last two none is made before it is asked for.

    Args:
        problem: with its tree and judgements.
        outcome: name of the outcome that compares traces.
        level: ``step``, ``branch`` or ``trace``, else every level.

    Attributes:
        excluded: comparisons that gave no pair, by reason.
    """

    def __init__(self, problem: ExportProblem, outcome: str, level: str = EVERY_LEVEL) -> None:
        decided, left_out = decided_pairs(problem)
        wanted = LEVELS if level == EVERY_LEVEL else (level,)
        decided = {key: answer for key, answer in decided.items() if key[0] in wanted}
        self._problem = problem
        self._steps_ranked = set(_spoken(decided, "step"))
        self._steps_rated = "step" in wanted
        self._ranked = list(_ranked(problem, decided))
        groups = step_groups(problem, decided) if "step" in wanted else []
        traces = judged_traces(problem, outcome) if "trace" in wanted else []
        if len(traces) > 1:
            groups.append(Group("trace", traces, _spoken(decided, "trace")))
        said = [answer.said for answer in decided.values()]
        self.excluded = {
            "tie": sum(group.ties for group in groups) + said.count("tie"),
            "raters split evenly": said.count("split"),
            "cannot compare": said.count("cannot compare"),
            "ranking under a criterion that is not asked for": left_out,
        }
        self._groups = [group for group in groups if len(group)]
        self._until = list(accumulate(map(len, self._groups), initial=len(self._ranked)))

    def __len__(self) -> int:
        """Return the number of pairs that are not ties."""
        return self._until[-1]

    def __getitem__(self, number: int) -> Pair:
        """Return pair ``number``."""
        at = bisect_right(self._until, number)
        if not at:
            return self._ranked[number]
        group = self._groups[at - 1]
        return Pair(group.level, *group.pair(number - self._until[at - 1]))

    def rates(self, first: int, second: int) -> bool:
        """Return whether two nodes are a pair of siblings here because of their targets."""
        nodes, target = self._problem.nodes, self._problem.target
        return (
            self._steps_rated
            and nodes[first].parent == nodes[second].parent
            and (min(first, second), max(first, second)) not in self._steps_ranked
            and None not in (one := (target(first), target(second)))
            and one[0] != one[1]
        )


def _ranked(problem: ExportProblem, decided: Mapping[PairKey, Decided]) -> Iterator[Pair]:
    """Yield the pairs that rankings decided, final decisions first."""
    wins = [(key, answer) for key, answer in decided.items() if answer.said == "win"]
    if not wins:
        return
    ends = Ends(problem)
    for (level, _, _), answer in sorted(wins, key=lambda win: not win[1].final):
        margin = 1.0 if answer.by is None else answer.by
        yield Pair(
            level,
            Judged(ends.of(level, answer.winner), margin, answer.winner),
            Judged(ends.of(level, answer.loser), 0.0, answer.loser),
            answer,
        )


class Ends:
    """Where the text of a ranked item ends."""

    def __init__(self, problem: ExportProblem) -> None:
        self._traces = problem.traces
        self._children = children_of(problem.nodes)

    def of(self, level: str, item: int) -> int:
        """Return the last node: a branch goes on from its first step to the next fork or end."""
        if level == "trace":
            return self._traces[item].end
        while level == "branch" and len(below := self._children.get(item, [])) == 1:
            item = below[0]
        return item


def _spoken(decided: Mapping[PairKey, Decided], level: str) -> list[tuple[int, int]]:
    return [(a, b) for of, a, b in decided if of == level]


def step_groups(
    problem: ExportProblem, decided: Mapping[PairKey, Decided] | None = None
) -> list[Group]:
    """Return a group per family of siblings with at least two targets."""
    families: dict[int, list[Judged]] = {}
    for item in judged_steps(problem):
        families.setdefault(problem.nodes[item.node].parent, []).append(item)
    spoken: dict[int, list[tuple[int, int]]] = {}
    for pair in _spoken(decided or {}, "step"):
        spoken.setdefault(problem.nodes[pair[0]].parent, []).append(pair)
    return [
        Group("step", family, spoken.get(parent, ()))
        for parent, family in families.items()
        if len(family) > 1
    ]


def judged_steps(problem: ExportProblem) -> list[Judged]:
    """Return the steps that have a target."""
    return [
        Judged(at, target, at) for at, target in enumerate(problem.targets) if target is not None
    ]


def judged_traces(problem: ExportProblem, outcome: str) -> list[Judged]:
    """Return the traces whose outcome called ``outcome`` is known."""
    return [
        Judged(trace.end, item.value, at)
        for at, trace in enumerate(problem.traces)
        for item in trace.outcomes
        if item.name == outcome and item.value is not None
    ]


def sampled(
    problem: ExportProblem, items: Numbered[T], options: Mapping[str, Any], sink: Sink, word: str
) -> Iterator[T]:
    """Yield the sample of ``items`` that the options allow; count the others by ``word``."""
    most = options["max_per_problem"]
    if most:
        sink.exclude(f"{word} over the limit per problem", max(0, len(items) - most))
    for number in sample(problem.id, len(items), most):
        yield items[number]


def shared(a: Sequence[int], b: Sequence[int]) -> int:
    """Return how many steps two paths from the problem have in common."""
    pairs = enumerate(zip(a, b, strict=False))
    return next((n for n, (x, y) in pairs if x != y), min(len(a), len(b)))


def steps_text(problem: ExportProblem, path: Sequence[int], separator: str) -> str:
    """Return the steps of a part of a path, a separator between them."""
    return separator.join([problem.nodes[at].text for at in path])


def prompt_text(problem: ExportProblem, path: Sequence[int], separator: str) -> str:
    """Return the problem and the steps of ``path``, a separator after each."""
    texts = [problem.problem.prompt, *(problem.nodes[at].text for at in path), ""]
    return separator.join(texts)
