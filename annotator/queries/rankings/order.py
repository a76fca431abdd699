"""One person's order of a place so far, as a table of pairs with what decided each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.queries.rankings.criteria import criteria_of
from annotator.queries.rankings.places import letters
from scoring.preference.order import rater_order
from scoring.preference.types import OVERALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Project
    from scoring.preference.order import RaterOrder, Verdict
    from scoring.preference.types import Criterion, RankingRecord


@dataclass(frozen=True, slots=True)
class Cell:
    """What decided a pair: ``words`` to read; ``won`` says whether the row's item is preferred."""

    words: str
    won: bool | None = None


@dataclass(frozen=True, slots=True)
class OrderTable:
    """The pairs of a place, rows and columns best first.

    Attributes:
        names: letters along rows and columns.
        rows: per row its cells right of the diagonal.
        aside: letters of what could be compared with nothing.
        source: ``overall`` or ``criteria``.
        disagreements: pairs (preferred overall, preferred by the criteria), as letters.
        note: what the order of the rows hides, "" if nothing.
        decided, tied, open: how many pairs.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    aside: tuple[str, ...]
    source: str
    disagreements: tuple[tuple[str, str], ...]
    note: str
    decided: int
    tied: int
    open: int


def order_of(*, project: Project, records: Sequence[RankingRecord]) -> RaterOrder | None:
    """Return what one person's answers at a place say together, None where there is no answer.

    Answers under criteria that were retired meanwhile decide nothing.

    Raises:
        RankingError: an answer that does not fit the others or itself.
    """
    criteria = criteria_of(project)
    keys = {OVERALL, *(criterion.key for criterion in criteria)}
    used = [record for record in records if record.criterion in keys]
    return rater_order(criteria, used) if used else None


def order_table(
    *, project: Project, records: Sequence[RankingRecord], shown: Sequence[int]
) -> OrderTable | None:
    """Return the order that one person's answers induce, None where there is no answer yet.

    Raises:
        RankingError: as ``order_of``.
    """
    criteria = criteria_of(project)
    result = order_of(project=project, records=records)
    if result is None:
        return None
    order, name = result.order, letters(shown)
    line = [item for tier in order.tiers for item in tier]
    found = {frozenset((v.first, v.second)): v for v in order.verdicts}
    words = {criterion.key: (n, criterion) for n, criterion in enumerate(criteria, start=1)}
    rows = tuple(
        (
            name[item],
            tuple(_cell(found[frozenset((item, other))], item, words) for other in line[at + 1 :]),
        )
        for at, item in enumerate(line)
    )
    outcomes = [verdict.outcome for verdict in order.verdicts]
    return OrderTable(
        names=tuple(name[item] for item in line),
        rows=rows,
        aside=tuple(name[item] for item in order.aside),
        source=result.source,
        disagreements=tuple((name[a], name[b]) for a, b in result.disagreements),
        note=_note(order.cycles, order.split_ties, name),
        decided=outcomes.count("win"),
        tied=outcomes.count("tie"),
        open=outcomes.count("cannot compare"),
    )


def _cell(verdict: Verdict, item: int, words: dict[str, tuple[int, Criterion]]) -> Cell:
    if verdict.outcome == "tie":
        return Cell("tie so far")
    reason = "overall"
    if verdict.criterion in words:
        number, criterion = words[verdict.criterion]
        reason = f"{number} {'gate' if verdict.unit == 'gate' else criterion.label.lower()}"
    if verdict.outcome == "cannot compare":
        return Cell("cannot compare" if not verdict.criterion else f"open: {reason}")
    return Cell(reason, won=verdict.winner == item)


def _note(
    cycles: Sequence[Sequence[int]], split: Sequence[tuple[int, int]], name: dict[int, str]
) -> str:
    parts = []
    if cycles:
        circles = "; ".join(" over ".join(name[i] for i in (*c, c[0])) for c in cycles)
        parts.append(f"Preferred in a circle: {circles}.")
    if split:
        pairs = ", ".join(f"{name[a]} and {name[b]}" for a, b in split)
        parts.append(f"Not told apart, though other pairs put them in an order: {pairs}.")
    return " ".join(parts)
