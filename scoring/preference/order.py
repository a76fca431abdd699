"""The order that one person's answers induce, criterion by criterion.

For each pair the criteria are asked in order of importance. The first on which the two items are
further apart than its margin decides. A failed gate comes before all of them: an item that failed
any gate is behind every item that failed none. Margins make the relation a chain of semiorders
(Luce 1956; Tversky 1969): it need not be transitive, so the answer is the table of pairs, and the
tiers are a summary that says what it hides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from scoring.errors import RankingError
from scoring.preference.graph import layers, shortest_cycle, strongly_connected
from scoring.preference.pairs import Pair, positions
from scoring.preference.types import OVERALL
from scoring.preference.validate import validate, validate_criteria

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scoring.preference.types import Criterion, RankingRecord

Outcome = Literal["win", "tie", "cannot compare"]
Unit = Literal["scores", "tiers", "gate", ""]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was concluded about one pair, and why.

    Attributes:
        first: an item.
        second: the other.
        outcome: "tie" if some criterion compared them and none told them apart.
        winner: the preferred item of a win, else None.
        criterion: key of the criterion that decided, or on which they could not be compared.
        by: how far apart they are on that criterion; None for a gate and where nothing decided.
        unit: of ``by``; "gate" if a failed gate decided.
    """

    first: int
    second: int
    outcome: Outcome
    winner: int | None = None
    criterion: str = ""
    by: float | None = None
    unit: Unit = ""

    @property
    def win(self) -> Pair | None:
        """(winner, loser), None if nothing decided."""
        if self.winner is None:
            return None
        return self.winner, self.second if self.winner == self.first else self.first


@dataclass(frozen=True, slots=True)
class InducedOrder:
    """All pairs with their reasons, and a weak order that summarises them.

    Attributes:
        items: in shown order.
        verdicts: one per pair, in shown order; this is the answer.
        tiers: best first. Every item stands right below the lowest item that beats it; items of
            a cycle share a tier.
        aside: items that could be compared with no other.
        cycles: for each set of items that beat one another in circles, a shortest circle of it.
        split_ties: pairs that are tied in the table but stand in different tiers.
    """

    items: tuple[int, ...]
    verdicts: tuple[Verdict, ...]
    tiers: tuple[tuple[int, ...], ...]
    aside: tuple[int, ...]
    cycles: tuple[tuple[int, ...], ...]
    split_ties: tuple[Pair, ...]

    @property
    def wins(self) -> tuple[Pair, ...]:
        """(winner, loser) of every decided pair."""
        return _wins(self.verdicts)

    @property
    def transitive(self) -> bool:
        """Whether the tiers say exactly what the pairs say."""
        return not self.cycles and not self.split_ties

    @property
    def note(self) -> str:
        """A sentence on what the tiers hide, empty if nothing."""
        parts = []
        if self.cycles:
            circles = "; ".join(" > ".join(map(str, (*c, c[0]))) for c in self.cycles)
            parts.append(f"preferred in a circle and therefore shown as tied: {circles}")
        if self.split_ties:
            pairs = ", ".join(f"{a} and {b}" for a, b in self.split_ties)
            parts.append(f"not told apart, yet in different tiers because of other pairs: {pairs}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class RaterOrder:
    """One person's order of a set of items.

    Attributes:
        order: the overall ranking if the person gave one, else what the criteria induce.
        source: which of the two ``order`` is.
        induced: what the criteria induce, None if only an overall ranking was given.
        disagreements: pairs (preferred overall, preferred by the criteria) on which the overall
            ranking and the criteria name different winners.
    """

    order: InducedOrder
    source: Literal["overall", "criteria"]
    induced: InducedOrder | None
    disagreements: tuple[Pair, ...]


def rater_order(criteria: Sequence[Criterion], records: Iterable[RankingRecord]) -> RaterOrder:
    """Return the order of one person who ranked overall, per criterion, or both.

    An overall ranking is the person's own word: it wins, and where the criteria contradict it the
    pair is listed.

    Raises:
        RankingError: as ``induced_order``.
    """
    records = list(records)
    overall = [r for r in records if r.criterion == OVERALL]
    parts = [r for r in records if r.criterion != OVERALL]
    if len(overall) > 1:
        raise RankingError("there are two overall rankings")
    if not overall:
        order = induced_order(criteria, parts)
        return RaterOrder(order, "criteria", order, ())
    _one_source(records)
    induced = induced_order(criteria, parts) if parts else None
    (record,) = overall
    validate(record)
    order = _summary(record.items, [_overall(record, *pair) for pair in _all_pairs(record.items)])
    against = set(induced.wins) if induced else set()
    differ = tuple((a, b) for a, b in order.wins if (b, a) in against)
    return RaterOrder(order, "overall", induced, differ)


def induced_order(criteria: Sequence[Criterion], records: Iterable[RankingRecord]) -> InducedOrder:
    """Combine one person's rankings by criterion into one order.

    Args:
        criteria: the most important first.
        records: at most one per criterion, all of one level and one rater. A criterion without a
            record, or whose record does not hold both items of a pair, decides nothing about it.
            Marks of failing count only where the criterion is a gate.

    Raises:
        RankingError: for a faulty record, a criterion that is unknown, overall or answered twice,
            records of two levels or raters, or no record.
    """
    validate_criteria(criteria)
    known = {criterion.key for criterion in criteria}
    answers: dict[str, RankingRecord] = {}
    for record in records:
        validate(record)
        if record.criterion not in known:
            raise RankingError(
                f"no criterion called '{record.criterion}'; known: {', '.join(sorted(known))}"
            )
        if record.criterion in answers:
            raise RankingError(f"the criterion '{record.criterion}' is answered twice")
        answers[record.criterion] = record
    if not answers:
        raise RankingError("there is no ranking to order the items by")
    _one_source(answers.values())
    asked = [
        _Asked(c, answers[c.key], positions(answers[c.key])) for c in criteria if c.key in answers
    ]
    items = tuple(dict.fromkeys(item for a in asked for item in a.record.items))
    return _summary(items, [_verdict(asked, *pair) for pair in _all_pairs(items)])


@dataclass(frozen=True, slots=True)
class _Asked:
    criterion: Criterion
    record: RankingRecord
    place: Mapping[int, float]

    def failed(self, item: int) -> bool:
        return self.criterion.gate and item in self.record.failed

    @property
    def unit(self) -> Unit:
        return _unit(self.record)


def _unit(record: RankingRecord) -> Unit:
    return "tiers" if record.scores is None else "scores"


def _all_pairs(items: Sequence[int]) -> list[Pair]:
    return list(combinations(items, 2))


def _one_source(records: Iterable[RankingRecord]) -> None:
    records = list(records)
    for record in records[1:]:
        if record.rater != records[0].rater:
            raise RankingError(
                f"an order is one person's: found {records[0].rater!r} and {record.rater!r}"
            )
        if record.level != records[0].level:
            raise RankingError(
                f"an order is of one level: found {records[0].level} and {record.level}"
            )


def _verdict(asked: Sequence[_Asked], first: int, second: int) -> Verdict:
    gate = _gate(asked, first, second)
    if gate is not None:
        return gate
    compared = False
    for answer in asked:
        if first not in answer.record.items or second not in answer.record.items:
            continue
        key = answer.criterion.key
        if first not in answer.place or second not in answer.place:
            # not comparable is not equal: what matters less must not decide in its stead
            return Verdict(first, second, "cannot compare", criterion=key)
        compared = True
        gap = answer.place[first] - answer.place[second]
        if abs(gap) > answer.criterion.margin:
            winner = first if gap > 0 else second
            return Verdict(first, second, "win", winner, key, abs(gap), answer.unit)
    return Verdict(first, second, "tie" if compared else "cannot compare")


def _gate(asked: Sequence[_Asked], first: int, second: int) -> Verdict | None:
    """Decide by gates: one item failed one and the other failed none."""
    keys = [
        [answer.criterion.key for answer in asked if answer.failed(item)]
        for item in (first, second)
    ]
    if bool(keys[0]) == bool(keys[1]):
        return None
    winner = second if keys[0] else first
    return Verdict(first, second, "win", winner, (keys[0] or keys[1])[0], None, "gate")


def _overall(record: RankingRecord, first: int, second: int) -> Verdict:
    place = positions(record)
    if first not in place or second not in place:
        return Verdict(first, second, "cannot compare")
    gap = place[first] - place[second]
    if gap == 0:
        return Verdict(first, second, "tie")
    winner = first if gap > 0 else second
    return Verdict(first, second, "win", winner, OVERALL, abs(gap), _unit(record))


def _wins(verdicts: Iterable[Verdict]) -> tuple[Pair, ...]:
    return tuple(v.win for v in verdicts if v.win is not None)


def _summary(items: tuple[int, ...], verdicts: Sequence[Verdict]) -> InducedOrder:
    related = {
        item for v in verdicts if v.outcome != "cannot compare" for item in (v.first, v.second)
    }
    wins = _wins(verdicts)
    placed = [item for item in items if item in related]
    tiers = layers(placed, wins)
    depth = {item: number for number, tier in enumerate(tiers) for item in tier}
    cycles = tuple(
        shortest_cycle(group, wins) for group in strongly_connected(placed, wins) if len(group) > 1
    )
    split = tuple(
        (v.first, v.second)
        for v in verdicts
        if v.outcome == "tie" and depth[v.first] != depth[v.second]
    )
    return InducedOrder(
        items=items,
        verdicts=tuple(verdicts),
        tiers=tuple(map(tuple, tiers)),
        aside=tuple(item for item in items if item not in related),
        cycles=cycles,
        split_ties=split,
    )
