"""What the rankings of a problem say about each pair of items: one answer per pair, with its reasons.

Each rater's answers by criterion become one order (``scoring.preference.order``). A reviewer's final
decision on a criterion stands in the place of everybody's answer on it, one on the whole decides
alone. Among the raters of the highest kind that compared a pair (rule ``rank`` of the snapshot) the most
frequent answer counts, or with ``latest`` the last; equally frequent ones are no answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from scoring.preference.order import InducedOrder, Verdict, rater_order
from scoring.preference.types import OVERALL
from scoring.preference.types import RankingRecord as Answer
from scoring.types import RankingRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from annotator.exporters.records import ExportProblem
    from scoring.types import AdjudicationRecord, RaterRecord

Said = Literal["win", "tie", "split", "cannot compare"]
PairKey = tuple[str, int, int]
"""Level and two items, the smaller first: positions of nodes or, for ``trace``, of traces."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer about one pair.

    Attributes:
        said: "split" if raters of one rank gave different answers equally often.
        winner: of a win.
        loser: of a win.
        criterion: that decided for most of those who prefer the winner, "" = overall.
        by: mean distance on it, None for a gate.
        unit: of ``by``: "scores", "tiers", or "gate".
        raters: who gave the answer.
        final: a reviewer's decision was part of it.
    """

    said: Said
    winner: int = -1
    loser: int = -1
    criterion: str = ""
    by: float | None = None
    unit: str = ""
    raters: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True, slots=True)
class WholeRanking:
    """One rater's order of the items of one place.

    Attributes:
        level: ``step``, ``branch`` or ``trace``.
        tiers: items, best first; those that could be compared with no other are left out.
        weight: how much it counts; the rankings of a place count one together, or one each where
            every rater counts.
    """

    level: str
    tiers: tuple[tuple[int, ...], ...]
    weight: float


@dataclass(frozen=True, slots=True)
class _Voice:
    """One rater's verdicts on the items of one place; ``place`` as in the rule ``rank``."""

    rater: str
    place: int
    verdicts: Mapping[tuple[int, int], Verdict]
    orders: Sequence[InducedOrder]
    final: frozenset[str]


def rater_words(rater: RaterRecord) -> str:
    """Return how a row names a rater: kind, name and version if there is one."""
    return ":".join(filter(None, (rater.kind, rater.name, rater.version)))


def decided_pairs(problem: ExportProblem) -> tuple[dict[PairKey, Decided], int]:
    """Return the answer about every pair that somebody ranked, and how many rankings took no part.

    Rankings under a criterion that the project does not ask for take no part.
    """
    found: dict[PairKey, Decided] = {}
    for level, voices in _heard(problem):
        pairs = dict.fromkeys(pair for voice in voices for pair in voice.verdicts)
        for pair in pairs:
            heard = [(v, v.verdicts[pair]) for v in voices if pair in v.verdicts]
            found[level, *pair] = _answer(heard, latest=problem.rules.aggregate == "latest")
    known = _known(problem)
    return found, sum(ranking.criterion not in known for ranking in problem.rankings)


def whole_rankings(problem: ExportProblem) -> Iterator[WholeRanking]:
    """Yield the orders of the raters of the highest kind, place by place.

    Where a rater answered twice about the same items the later order stands; with ``latest`` only the
    last rater's.
    """
    for level, voices in _heard(problem):
        ordering = [(voice, orders) for voice in voices if (orders := _latest_orders(voice))]
        if not ordering:
            continue
        highest = min(voice.place for voice, _ in ordering)
        counted = [orders for voice, orders in ordering if voice.place == highest]
        if problem.rules.aggregate == "latest":
            counted = counted[-1:]
        weight = 1.0 if problem.rules.aggregate == "per_rater" else 1.0 / len(counted)
        for order in (order for orders in counted for order in orders):
            yield WholeRanking(level, order.tiers, weight)


def _latest_orders(voice: _Voice) -> list[InducedOrder]:
    """Return the last order of each set of items, if it compares two of them."""
    last = {frozenset(order.items): order for order in voice.orders}
    return [order for order in last.values() if sum(map(len, order.tiers)) > 1]


def _known(problem: ExportProblem) -> set[str]:
    return {OVERALL, *(criterion.key for criterion in problem.criteria)}


def _heard(problem: ExportProblem) -> Iterator[tuple[str, list[_Voice]]]:
    """Yield each place that was ranked, by its level, with everybody's order."""
    known = _known(problem)
    places: dict[tuple[str, int], list[RankingRecord]] = {}
    finals: dict[tuple[str, int], list[RankingRecord]] = {}
    for ranking in problem.rankings:
        if ranking.criterion in known:
            places.setdefault((ranking.level, ranking.parent), []).append(ranking)
    for decision in problem.adjudications:
        if decision.of_ranking and decision.criterion in known:
            place = decision.level, decision.parent
            places.setdefault(place, [])
            finals.setdefault(place, []).append(ranking_of(decision))
    for (level, parent), rankings in places.items():
        yield level, list(_voices(problem, rankings, finals.get((level, parent), ())))


def ranking_of(decision: AdjudicationRecord) -> RankingRecord:
    """Return a final decision on a ranking as the ranking that it stands for."""
    state = decision.decision
    return RankingRecord(
        level=decision.level,
        tiers=state.get("tiers", []),
        rater=decision.rater,
        parent=decision.parent,
        criterion=decision.criterion,
        aside=state.get("aside") or [],
        failed=state.get("failed") or [],
        shown=state.get("shown") or [],
        scores=state.get("scores"),
        note=decision.reason,
    )


def _voices(
    problem: ExportProblem, rankings: Iterable[RankingRecord], finals: Iterable[RankingRecord]
) -> Iterator[_Voice]:
    """Yield each rater's order of one place; a final order of the whole speaks alone."""
    by_rater: dict[str, list[RankingRecord]] = {}
    kinds: dict[str, str] = {}
    for ranking in rankings:
        name = rater_words(ranking.rater)
        kinds[name] = ranking.rater.kind
        rows = by_rater.pop(name, [])
        rows.append(ranking)
        by_rater[name] = rows  # behind the others: the rule ``latest`` asks who answered last
    # A decision out of a file binds no person of this project.
    decided = {kind: {r.criterion: r for r in finals if kind == r.rater.kind} for kind in _BINDING}
    for kind, by_criterion in decided.items():
        bound = {n: r for n, r in by_rater.items() if kind == "person" or kinds[n] != "person"}
        if by_criterion and (OVERALL in by_criterion or not bound):
            rows = list(by_criterion.values())
            place = -1 if kind == "person" else _place(problem, kind)
            yield _voice(problem, rater_words(rows[-1].rater), place, rows, by_criterion)
            for name in bound:
                by_rater.pop(name)
    for name, rows in by_rater.items():
        final = {} if kinds[name] == "person" else decided["imported"]
        final = final | decided["person"]
        own = [row for row in rows if row.criterion not in final]
        yield _voice(problem, name, _place(problem, kinds[name]), [*final.values(), *own], final)


_BINDING = ("person", "imported")


def _place(problem: ExportProblem, kind: str) -> int:
    rank = problem.rules.rank
    return rank.index(kind) if kind in rank else len(rank)


def _voice(
    problem: ExportProblem,
    rater: str,
    place: int,
    rows: Sequence[RankingRecord],
    final: Iterable[str],
) -> _Voice:
    """Return one rater's verdicts, the later where the rater compared a pair more than once."""
    verdicts: dict[tuple[int, int], Verdict] = {}
    orders = []
    for sheet in _sheets(rows):
        orders.append(rater_order(problem.criteria, [_as_answer(row) for row in sheet]).order)
        for verdict in orders[-1].verdicts:
            first, second = sorted((verdict.first, verdict.second))
            if verdict.outcome != "cannot compare" or (first, second) not in verdicts:
                verdicts[first, second] = verdict
    return _Voice(rater, place, verdicts, orders, frozenset(final))


def _sheets(rows: Iterable[RankingRecord]) -> list[list[RankingRecord]]:
    """Deal rankings into sheets with at most one of each criterion, in order."""
    sheets: list[list[RankingRecord]] = []
    dealt: Counter[str] = Counter()
    for row in rows:
        if dealt[row.criterion] == len(sheets):
            sheets.append([])
        sheets[dealt[row.criterion]].append(row)
        dealt[row.criterion] += 1
    return sheets


def _as_answer(row: RankingRecord) -> Answer:
    return Answer(
        level=row.level,
        criterion=row.criterion,
        items=tuple(row.items),
        tiers=tuple(map(tuple, row.tiers)),
        aside=tuple(row.aside),
        failed=tuple(row.failed),
        scores=row.scores,
    )


def _answer(heard: Sequence[tuple[_Voice, Verdict]], *, latest: bool) -> Decided:
    """Return what the raters of the highest rank say about one pair."""
    if len(heard) == 1:
        return _alone(*heard[0])
    comparing = [(voice, v) for voice, v in heard if v.outcome != "cannot compare"]
    if not comparing:
        return Decided("cannot compare", raters=tuple(voice.rater for voice, _ in heard))
    highest = min(voice.place for voice, _ in comparing)
    voting = [(voice, v) for voice, v in comparing if voice.place == highest]
    if latest or len(voting) == 1:
        return _alone(*voting[-1])
    ranked = Counter(v.winner for _, v in voting).most_common(2)
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return Decided("split", raters=tuple(voice.rater for voice, _ in voting))
    winner = ranked[0][0]
    agreeing = [(voice, v) for voice, v in voting if v.winner == winner]
    raters = tuple(voice.rater for voice, _ in agreeing)
    if winner is None:
        return Decided("tie", raters=raters)
    criterion, unit = Counter((v.criterion, v.unit) for _, v in agreeing).most_common(1)[0][0]
    deciding = [(voice, v) for voice, v in agreeing if (v.criterion, v.unit) == (criterion, unit)]
    distances = [v.by for _, v in deciding if v.by is not None]
    first, second = deciding[0][1].first, deciding[0][1].second
    return Decided(
        said="win",
        winner=winner,
        loser=second if winner == first else first,
        criterion=criterion,
        by=fmean(distances) if distances else None,
        unit=unit,
        raters=raters,
        final=any(criterion in voice.final for voice, _ in deciding),
    )


def _alone(voice: _Voice, verdict: Verdict) -> Decided:
    """Return what one rater says about a pair."""
    if verdict.win is None:
        return Decided(
            "tie" if verdict.outcome == "tie" else "cannot compare", raters=(voice.rater,)
        )
    winner, loser = verdict.win
    return Decided(
        "win",
        winner,
        loser,
        verdict.criterion,
        verdict.by,
        verdict.unit,
        (voice.rater,),
        verdict.criterion in voice.final,
    )
