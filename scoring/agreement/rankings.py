"""Rankings by several annotators, and the verdicts on pairs of items that they imply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.data import Ratings
from scoring.errors import AgreementError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scoring.agreement.data import IntArray, Name

BETTER, TIED, WORSE = 1, 0, -1
FIELDS = ("level", "criterion")
Question = tuple[Hashable, Hashable, str, str]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One annotator's order of the items of one place.

    Attributes:
        place: what was ranked there: a fork, a parent, a problem.
        rater: the annotator.
        tiers: the items best first; items of one tier are tied. Items that cannot be compared with
            the others are in no tier.
        problem: what intervals resample; by default the place.
        level: "step", "branch" or "trace".
        criterion: what the order is about.
    """

    place: Name
    rater: Name
    tiers: tuple[tuple[Name, ...], ...]
    problem: Name = None
    level: str = ""
    criterion: str = ""

    @property
    def question(self) -> Question:
        """What two annotators must share for their orders to be compared."""
        problem = self.place if self.problem is None else self.problem
        return (problem, self.place, self.level, self.criterion)

    @property
    def ranks(self) -> dict[Name, int]:
        """Each item's tier, 0 = best."""
        return {item: rank for rank, tier in enumerate(self.tiers) for item in tier}


@dataclass(frozen=True, eq=False)
class Rankings:
    """Any number of rankings.

    Raises:
        AgreementError: for an item twice in one ranking, or an annotator twice on one question.
    """

    rows: tuple[Ranking, ...]

    def __post_init__(self) -> None:
        seen = set()
        for row in self.rows:
            items = [item for tier in row.tiers for item in tier]
            if len(set(items)) < len(items):
                raise AgreementError(f"a ranking at {row.place} by {row.rater} has an item twice")
            if (row.question, row.rater) in seen:
                raise AgreementError(
                    f"annotator {row.rater} ranked {row.place} twice by the same criterion"
                )
            seen.add((row.question, row.rater))

    @classmethod
    def of(cls, rows: Iterable[Ranking]) -> Rankings:
        """Collect rankings."""
        return cls(tuple(rows))

    def by(self, field: str) -> dict[str, Rankings]:
        """Split by "level" or "criterion", in the order in which the values first occur.

        Raises:
            UnknownNameError: for another field.
        """
        if field not in FIELDS:
            raise UnknownNameError("field of rankings", field, FIELDS)
        parts: dict[str, list[Ranking]] = defaultdict(list)
        for row in self.rows:
            parts[getattr(row, field)].append(row)
        return {value: Rankings(tuple(rows)) for value, rows in parts.items()}

    @cached_property
    def questions(self) -> dict[Question, list[Ranking]]:
        """The rankings of each question, in the order in which questions first occur."""
        found: dict[Question, list[Ranking]] = defaultdict(list)
        for row in self.rows:
            found[row.question].append(row)
        return dict(found)

    @cached_property
    def verdicts(self) -> Verdicts:
        """Every ranking taken apart into verdicts on pairs of items."""
        raters = {name: index for index, name in enumerate(_in_order(r.rater for r in self.rows))}
        unit, rater, code, question, problem = [], [], [], [], []
        base = 0
        for index, rows in enumerate(self.questions.values()):
            items = _in_order(item for row in rows for tier in row.tiers for item in tier)
            left, right = np.triu_indices(len(items), 1)
            for row in rows:
                ranks = row.ranks
                rank = np.array([ranks.get(item, -1) for item in items], np.int64)
                known = np.flatnonzero((rank[left] >= 0) & (rank[right] >= 0))
                unit.append(base + known)
                rater.append(np.full(len(known), raters[row.rater]))
                code.append(np.sign(rank[right] - rank[left])[known] + 1)
            question.append(np.full(len(left), index))
            problem.append(np.full(len(left), self.problem[index]))
            base += len(left)
        ratings = Ratings(
            unit=_joined(unit),
            rater=_joined(rater),
            units=tuple(range(base)),
            raters=tuple(raters),
            problem=_joined(problem),
            code=_joined(code),
            categories=(WORSE, TIED, BETTER),
            ordered=True,
        )
        return Verdicts(ratings, _joined(question))

    @cached_property
    def problem(self) -> IntArray:
        """``(questions,)`` the problem of each question, 0 … problems − 1."""
        number: dict[Name, int] = {}
        found = [number.setdefault(question[0], len(number)) for question in self.questions]
        return np.array(found, np.int64)


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Rankings as judgements of pairs of items.

    Attributes:
        ratings: one unit per pair of items of a question; the rating says whether the first of the
            two is better, tied or worse. Which item is the first means nothing.
        question: ``(units,)`` the question of each pair.
    """

    ratings: Ratings
    question: IntArray


def _in_order(names: Iterable[Name]) -> list[Name]:
    """Return the different names, sorted where they can be."""
    known = list(dict.fromkeys(names))
    try:
        return sorted(known)  # type: ignore[type-var]
    except TypeError:
        return known


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, np.int64), *parts])
