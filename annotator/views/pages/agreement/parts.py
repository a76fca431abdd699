"""The rows of the Agreement page's tables, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.models import Problem, Step

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Box:
    """Where value and interval stand in a picture 100 wide; ``zero`` where 0 is not its edge."""

    value: float
    low: float
    width: float
    zero: float | None


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One statistic. ``figure`` is as in the report, so templates read value, low and n there."""

    label: str
    summary: str
    figure: Json
    box: Box | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two annotators and their figures, in the order of ``PAIR_FIGURES``; None = none together."""

    first: str
    second: str
    n: int
    figures: tuple[Json | None, ...]


@dataclass(frozen=True, slots=True)
class RankingRow:
    """Rankings of one level or criterion: the figure of each statistic, and what its n counts."""

    label: str
    is_part: bool
    figures: tuple[tuple[Json, str], ...]


@dataclass(frozen=True, slots=True)
class Competence:
    """How good a method thinks an annotator is, None = it does not know them."""

    value: float | None
    guesses: bool


@dataclass(frozen=True, slots=True)
class AnnotatorRow:
    """What one annotator gave, and how good each consensus method thinks they are."""

    rater: str
    n: int
    shares: tuple[float, ...]
    competences: tuple[Competence, ...]
    matrix: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a confusion matrix: a probability, its tint 0 … 4, and whether it is a hit."""

    share: float
    tint: int
    is_hit: bool


@dataclass(frozen=True, slots=True)
class ApartStep:
    """A step on which ratings are far apart; who said what is for after the adjudication."""

    step: Step
    distance: float
    people: int
    consensus: tuple[tuple[str, float] | None, ...]


@dataclass(frozen=True, slots=True)
class ApartRanking:
    """A question on which rankings are far apart; ``place`` is the step above, 0 = the problem."""

    problem: Problem
    place: int
    level: str
    criterion: str
    distance: float
    people: int
