"""Places where judgements contradict one another: questions for a reviewer, never corrections.

Pure functions on plain inputs. Every sentence names items by ``name`` and raters by ``who``, so
that a page can say "step 4" and "Ann", or "rater B" where people are hidden, for stored ids.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from scoring.preference.graph import shortest_cycle, strongly_connected
from scoring.preference.pairs import Pair, pairs
from scoring.preference.types import OVERALL, Rater, by_question

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from scoring.preference.types import RankingRecord

Kind = Literal["own_cycle", "majority_cycle", "levels", "rating", "outcome"]
KINDS: Mapping[Kind, str] = {
    "own_cycle": "one person prefers in a circle",
    "majority_cycle": "the majority prefers in a circle",
    "levels": "a step or branch is preferred although every trace of the other one ranks higher",
    "rating": "a preferred step is rated wrong by the same person, the other one is not",
    "outcome": "a preferred trace is wrong and the other one is right",
}
RIGHTNESS = (OVERALL, "correctness")
"""Criteria on which a preference speaks about right and wrong. A wrong step may well be clearer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction.

    Attributes:
        kind: a key of ``KINDS``.
        level: of the rankings it is about.
        criterion: key, or "" for overall.
        items: the circle in order of preference, or (preferred, other).
        raters: whose judgements are involved, in order of appearance.
        sentence: what a reviewer reads.
    """

    kind: Kind
    level: str
    criterion: str
    items: tuple[int, ...]
    raters: tuple[Rater, ...]
    sentence: str


def own_cycles(
    records: Iterable[RankingRecord],
    *,
    name: Callable[[int], str] = str,
    who: Callable[[Rater], str] = str,
) -> list[Finding]:
    """Find circles in one person's pairs of one level and criterion.

    A single ranking cannot contain one; several rankings or pairwise sources can. The smallest
    circle is "A over B" here and "B over A" there. One finding for each set of entangled items.
    """
    found = []
    for (level, criterion), group in by_question(records).items():
        for rater, wins in _wins_by_rater(group).items():
            for circle in _circles(wins):
                sentence = f"{who(rater)} prefers {_chain(circle, name)}{_on(criterion)}"
                found.append(Finding("own_cycle", level, criterion, circle, (rater,), sentence))
    return found


def majority_cycles(
    records: Iterable[RankingRecord],
    *,
    name: Callable[[int], str] = str,
    who: Callable[[Rater], str] = str,
) -> list[Finding]:
    """Find circles of the majority of people: Condorcet's paradox.

    Each person has one vote for each pair: for the item they preferred more often. Majority is more
    votes for than against; people who tied the two do not count.
    """
    found = []
    for (level, criterion), group in by_question(records).items():
        votes = _votes(group)
        edges = [pair for pair in votes if len(votes[pair]) > len(votes.get(pair[::-1], ()))]
        for circle in _circles(edges):
            ring = list(pairwise((*circle, circle[0])))
            raters = tuple(dict.fromkeys(rater for pair in ring for rater in votes[pair]))
            counts = ", ".join(f"{len(votes[p])}:{len(votes.get(p[::-1], ()))}" for p in ring)
            found.append(
                Finding(
                    "majority_cycle",
                    level,
                    criterion,
                    circle,
                    raters,
                    f"the majority prefers {_chain(circle, name)}{_on(criterion)} ({counts})",
                )
            )
    return found


def level_contradictions(
    records: Iterable[RankingRecord],
    paths: Mapping[int, Sequence[int]],
    *,
    name: Callable[[int], str] = str,
    who: Callable[[Rater], str] = str,
) -> list[Finding]:
    """Find steps or branches preferred against every trace that runs through them.

    Args:
        records: of all levels; a branch is named by its first step.
        paths: trace id → ids of the steps on its path.
        name: what a reviewer calls a step.
        who: what a reviewer calls a rater.

    Returns:
        For each preferred item whose ranked traces are all beaten, by one person and on the same
        criterion, by all ranked traces of the other item: one finding, with everybody who
        preferred the item first and everybody who ranked the traces so after them. Traces through
        both items say nothing and are left out.
    """
    questions = by_question(records)
    through: dict[int, set[int]] = defaultdict(set)
    for trace, steps in paths.items():
        for step in steps:
            through[step].add(trace)
    found = []
    for (level, criterion), group in questions.items():
        if level == "trace":
            continue
        traces = _trace_tables(questions.get(("trace", criterion), ()))
        for (winner, loser), fans in _votes(group).items():
            both = through[winner] & through[loser]
            ours, theirs = through[winner] - both, through[loser] - both
            against = [r for r, table in traces.items() if table.all_above(theirs, ours)]
            if against:
                raters = tuple(dict.fromkeys((*fans, *against)))
                sentence = (
                    f"{_people(map(who, fans), 'prefer')} {level} {name(winner)} to {name(loser)}"
                    f"{_on(criterion)}, but {_people(map(who, against), 'rank')} every trace through "
                    f"{name(loser)} above every trace through {name(winner)}"
                )
                found.append(Finding("levels", level, criterion, (winner, loser), raters, sentence))
    return found


def rating_contradictions(
    records: Iterable[RankingRecord],
    ratings: Mapping[tuple[Rater, int], int],
    *,
    criteria: Collection[str] = RIGHTNESS,
    name: Callable[[int], str] = str,
    who: Callable[[Rater], str] = str,
) -> list[Finding]:
    """Find steps that somebody prefers and rates -1, over steps that they rate 0 or +1.

    Args:
        records: only those of level "step" and of ``criteria`` are looked at.
        ratings: (rater, step id) → -1, 0 or +1.
        criteria: keys of the criteria that speak about right and wrong.
        name: what a reviewer calls a step.
        who: what a reviewer calls a rater.
    """
    found = []
    for (level, criterion), group in by_question(records).items():
        if level != "step" or criterion not in criteria:
            continue
        for rater, wins in _wins_by_rater(group).items():
            for winner, loser in dict.fromkeys(wins):
                other = ratings.get((rater, loser))
                if ratings.get((rater, winner)) == -1 and other is not None and other >= 0:
                    sentence = (
                        f"{who(rater)} prefers step {name(winner)}, rated −1, to step {name(loser)}, "
                        f"rated {'+1' if other else '0'}{_on(criterion)}"
                    )
                    found.append(
                        Finding("rating", level, criterion, (winner, loser), (rater,), sentence)
                    )
    return found


def outcome_contradictions(
    records: Iterable[RankingRecord],
    outcomes: Mapping[int, bool | None],
    *,
    criteria: Collection[str] = RIGHTNESS,
    name: Callable[[int], str] = str,
    who: Callable[[Rater], str] = str,
) -> list[Finding]:
    """Find wrong traces preferred to right ones.

    Args:
        records: only those of level "trace" and of ``criteria`` are looked at.
        outcomes: trace id → whether its answer is right, None or absent if unknown.
        criteria: keys of the criteria that speak about right and wrong.
        name: what a reviewer calls a trace.
        who: what a reviewer calls a rater.
    """
    found = []
    for (level, criterion), group in by_question(records).items():
        if level != "trace" or criterion not in criteria:
            continue
        for (winner, loser), fans in _votes(group).items():
            if outcomes.get(winner) is False and outcomes.get(loser) is True:
                sentence = (
                    f"{_people(map(who, fans), 'prefer')} trace {name(winner)}, whose answer is wrong, to trace "
                    f"{name(loser)}, whose answer is right{_on(criterion)}"
                )
                found.append(
                    Finding("outcome", level, criterion, (winner, loser), tuple(fans), sentence)
                )
    return found


class _TraceTable:
    """One person's rankings of traces."""

    def __init__(self, records: Iterable[RankingRecord]) -> None:
        records = list(records)
        self._wins = {pair for record in records for pair in pairs(record).wins}
        self._ranked = {item for record in records for tier in record.tiers for item in tier}

    def all_above(self, upper: Collection[int], lower: Collection[int]) -> bool:
        """Whether every ranked trace of ``upper`` beats every ranked one of ``lower``."""
        high, low = self._ranked.intersection(upper), self._ranked.intersection(lower)
        return bool(high and low) and all(
            (a, b) in self._wins and (b, a) not in self._wins for a in high for b in low
        )


def _trace_tables(records: Iterable[RankingRecord]) -> dict[Rater, _TraceTable]:
    by_rater: dict[Rater, list[RankingRecord]] = defaultdict(list)
    for record in records:
        by_rater[record.rater].append(record)
    return {rater: _TraceTable(group) for rater, group in by_rater.items()}


def _wins_by_rater(records: Iterable[RankingRecord]) -> dict[Rater, list[Pair]]:
    wins: dict[Rater, list[Pair]] = defaultdict(list)
    for record in records:
        wins[record.rater].extend(pairs(record).wins)
    return dict(wins)


def _votes(records: Iterable[RankingRecord]) -> dict[Pair, list[Rater]]:
    """Return who prefers the first of a pair on balance, for every pair that anybody does."""
    votes: dict[Pair, list[Rater]] = defaultdict(list)
    for rater, wins in _wins_by_rater(records).items():
        count = Counter(wins)
        for pair in count:
            if count[pair] > count[pair[::-1]]:
                votes[pair].append(rater)
    return dict(votes)


def _circles(wins: Sequence[Pair]) -> list[tuple[int, ...]]:
    nodes = list(dict.fromkeys(item for pair in wins for item in pair))
    return [
        shortest_cycle(group, wins) for group in strongly_connected(nodes, wins) if len(group) > 1
    ]


def _chain(circle: Sequence[int], name: Callable[[int], str]) -> str:
    return " over ".join(map(name, (*circle, circle[0])))


def _on(criterion: str) -> str:
    return f" on {criterion}" if criterion else ""


def _people(names: Iterable[str], verb: str) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last} {verb}" if others else f"{last} {verb}s"
