"""An agreement report as its page shows it: words, figures with pictures, names for ids."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from annotator.queries.agreement.reports import problems_named, raters_of_report, steps_named
from annotator.templatetags.pages import rater_name
from annotator.views.pages.agreement.parts import (
    AnnotatorRow,
    ApartRanking,
    ApartStep,
    Box,
    Cell,
    Competence,
    FigureRow,
    PairRow,
    RankingRow,
)
from scoring.agreement.registry import CONSENSUS, STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from annotator.models import AgreementReport, Project, Rater
    from annotator.views.pages.agreement.parts import Json

MOST_PAIRS = 60
LEVELS = {"step": "Steps", "branch": "Branches", "trace": "Traces"}
SIGNED = {-1: "−1", 0: "0", 1: "+1"}
# Short heads for tables with many columns; the long words are in the tables of figures.
PAIR_FIGURES = (
    ("ratings", "kappa_linear", "κ linear"),
    ("ratings", "kappa_quadratic", "κ quadratic"),
    ("ratings", "percent", "Same rating"),
    ("first_errors", "first_error_exact", "Same first error"),
    ("first_errors", "first_error_near", "Within one step"),
)
RANKING_HEADS = {
    "ranking_alpha_nominal": "Krippendorff's α, nominal",
    "ranking_alpha_ordinal": "Krippendorff's α, ordinal",
}
REMOVED = "removed"
TINTS = 4
# MACE's competence is the share that an annotator knows; below this they as good as guess.
GUESSING = {"mace": 0.05}
# What the column of a method says, in words.
COMPETENCES = {
    "dawid_skene": "the probability that an annotator rates a step right",
    "mace": "the share of ratings that an annotator knows rather than guesses; "
    f"“guesses” stands for less than {GUESSING['mace']}",
}


class ReportRows:
    """A stored report, ready for the template; names are read once for all its tables."""

    def __init__(self, project: Project, report: AgreementReport) -> None:
        self.project = project
        self.payload: Json = report.payload
        self.counts: Json = self.payload["counts"]
        self._names = {rater.pk: _named(rater) for rater in raters_of_report(report=report)}
        self._fits = _ordered(CONSENSUS, self.payload["consensus"])
        numbers = [
            number
            for part in ("ratings", "first_errors")
            for figure in self.payload[part].values()
            for number in (figure["value"], figure["low"])
            if number is not None
        ]
        self.floor = -1.0 if min(numbers, default=0.0) < 0 else 0.0

    @property
    def n_raters(self) -> int:
        """Annotators with a judgement in the report."""
        return len(self.payload["raters"])

    @property
    def ratings(self) -> list[FigureRow]:
        """Statistics of step ratings."""
        return self._figures("ratings")

    @property
    def first_errors(self) -> list[FigureRow]:
        """Statistics of first errors."""
        return self._figures("first_errors")

    @property
    def pair_heads(self) -> list[str]:
        """Words over the figures of pairs."""
        return [head for _, _, head in PAIR_FIGURES]

    @property
    def pairs(self) -> list[PairRow]:
        """Pairs of annotators, least agreement first; at most ``MOST_PAIRS``."""
        by_pair: dict[tuple[int, int], list[Json | None]] = {}
        for index, (part, key, _) in enumerate(PAIR_FIGURES):
            for pair in self.payload[part][key]["pairs"]:
                names = pair["first"], pair["second"]
                by_pair.setdefault(names, [None] * len(PAIR_FIGURES))[index] = pair
        rows = [
            PairRow(
                self._name(first),
                self._name(second),
                figures[0]["n"] if figures[0] else 0,
                tuple(figures),
            )
            for (first, second), figures in by_pair.items()
        ]
        rows.sort(key=lambda row: _ascending(row.figures[0]))
        return rows[:MOST_PAIRS]

    @property
    def pairs_left_out(self) -> int:
        """Pairs that the table does not show."""
        return max(0, len(self.payload["ratings"]["percent"]["pairs"]) - MOST_PAIRS)

    @property
    def ranking_heads(self) -> list[str]:
        """Words over the figures of rankings."""
        known = _ordered(STATISTICS, self.payload["rankings"]["all"])
        return [RANKING_HEADS.get(key, STATISTICS[key].label) for key in known]

    @property
    def rankings(self) -> list[RankingRow]:
        """All rankings, then by level and by criterion where there are several."""
        found = self.payload["rankings"]
        parts = [("All rankings", False, found["all"])]
        for field in ("level", "criterion"):
            parts += [
                (_part(field, value), True, found[field][value]) for value in sorted(found[field])
            ]
        return [
            RankingRow(
                label,
                is_part,
                tuple(
                    (figure, STATISTICS[key].unit)
                    for key, figure in _ordered(STATISTICS, figures).items()
                ),
            )
            for label, is_part, figures in parts
        ]

    @property
    def methods(self) -> list[tuple[str, Json]]:
        """Consensus methods with how their fit went."""
        return [(CONSENSUS[key].label, fit) for key, fit in self._fits.items()]

    @property
    def competence_words(self) -> str:
        """Say what the competence of each method is."""
        known = [
            f"by {CONSENSUS[key].label} {COMPETENCES[key]}"
            for key in self._fits
            if key in COMPETENCES
        ]
        return f"Competence is, {', '.join(known)}." if known else ""

    @property
    def categories(self) -> list[str]:
        """The ratings in words."""
        return [_rating(value) for value in self.payload["categories"]]

    @property
    def annotators(self) -> list[AnnotatorRow]:
        """Everybody who rated steps, most ratings first."""
        fits = {
            key: {row["rater"]: row for row in fit["annotators"]} for key, fit in self._fits.items()
        }
        rows = []
        for entry in self.payload["annotators"]:
            n = sum(entry["counts"])
            mine = {key: fit.get(entry["rater"]) for key, fit in fits.items()}
            matrices = (row["confusion"] for row in mine.values() if row and row["confusion"])
            confusion: list[list[float]] = next(matrices, [])
            rows.append(
                AnnotatorRow(
                    self._name(entry["rater"]),
                    n,
                    tuple(count / n for count in entry["counts"]),
                    tuple(_competence(key, row) for key, row in mine.items()),
                    tuple(
                        (true, tuple(_cell(share, at == line) for at, share in enumerate(given)))
                        for line, (true, given) in enumerate(
                            zip(self.categories, confusion, strict=False)
                        )
                    ),
                )
            )
        return sorted(rows, key=lambda row: -row.n)

    @cached_property
    def apart_steps(self) -> list[ApartStep]:
        """Steps with the ratings that are furthest apart; a step that is gone is left out."""
        entries = self.payload["disagreements"]["steps"]
        steps = steps_named(project=self.project, ids=[entry["step"] for entry in entries])
        return [
            ApartStep(
                steps[entry["step"]],
                entry["distance"],
                len(entry["ratings"]),
                tuple(_opinion(entry["consensus"].get(key)) for key in self._fits),
            )
            for entry in entries
            if entry["step"] in steps
        ]

    @cached_property
    def apart_rankings(self) -> list[ApartRanking]:
        """Questions with the rankings that are furthest apart."""
        entries = self.payload["disagreements"]["rankings"]
        problems = problems_named(project=self.project, ids=[e["problem"] for e in entries])
        return [
            ApartRanking(
                problems[entry["problem"]],
                entry["place"][0],
                LEVELS.get(entry["level"], entry["level"]),
                entry["criterion"],
                entry["distance"],
                len(entry["rankings"]),
            )
            for entry in entries
            if entry["problem"] in problems
        ]

    @property
    def sources(self) -> list[tuple[str, str, str]]:
        """Label, version and source of everything on the page."""
        rows = (*STATISTICS.values(), *CONSENSUS.values())
        return [(row.label, row.version, row.source) for row in rows]

    def _figures(self, part: str) -> list[FigureRow]:
        return [
            FigureRow(STATISTICS[key].label, STATISTICS[key].summary, figure, self._box(figure))
            for key, figure in _ordered(STATISTICS, self.payload[part]).items()
        ]

    def _name(self, rater: int) -> str:
        return self._names.get(rater, REMOVED)

    def _box(self, figure: Json) -> Box | None:
        if figure["value"] is None:
            return None
        low = figure["value"] if figure["low"] is None else figure["low"]
        high = figure["value"] if figure["high"] is None else figure["high"]
        at = [self._at(number) for number in (figure["value"], low, high)]
        mark = min(at[0], 99.0)  # it is 1 wide
        return Box(mark, at[1], round(at[2] - at[1], 1), self._at(0) if self.floor else None)

    def _at(self, number: float) -> float:
        share = (number - self.floor) / (1 - self.floor)
        return round(100 * min(1.0, max(0.0, share)), 1)


def _named(rater: Rater) -> str:
    """Return what a person calls a rater; who is no person is told apart by the kind."""
    kind = "" if rater.kind == rater.Kind.PERSON else f" ({rater.get_kind_display().lower()})"
    return f"{rater_name(rater)}{f' {rater.version}' if rater.version else ''}{kind}"


def _ordered(rows: Iterable[str], stored: Mapping[str, Json]) -> dict[str, Json]:
    """Bring what the database stored by key into the order of the registry."""
    return {key: stored[key] for key in rows if key in stored}


def _ascending(figure: Json | None) -> tuple[bool, float]:
    """Sort by value; what has none comes last."""
    value = figure["value"] if figure else None
    return (value is None, value or 0.0)


def _part(field: str, value: str) -> str:
    if field == "level":
        return f"Level: {LEVELS.get(value, value).lower()}"
    return f"Criterion: {value or 'overall'}"


def _rating(value: int) -> str:
    return SIGNED.get(value, str(value))


def _cell(share: float, is_hit: bool) -> Cell:
    return Cell(share, min(TINTS, int(share * (TINTS + 1))), is_hit)


def _competence(method: str, row: Json | None) -> Competence:
    value = row["competence"] if row else None
    return Competence(value, guesses=value is not None and value < GUESSING.get(method, 0.0))


def _opinion(found: Json | None) -> tuple[str, float] | None:
    return (_rating(found["rating"]), found["probability"]) if found else None
