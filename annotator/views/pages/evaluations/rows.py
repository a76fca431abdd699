"""What an evaluation found as its page shows it: suites, numbers, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from annotator.views.pages.evaluations.plots import Picture, paired_pictures, pictures
from scoring.evaluation.registry import DISTANCES, SUITES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from annotator.models import Evaluation, EvaluationResult, RewardModel
    from scoring.evaluation.base import SuiteRow

Found = dict[str, Any]
BASELINES = ("length", "format")
READ_AT_ONCE = 14
COUNTS = {
    "problems": "Problems",
    "traces": "Solutions",
    "steps": "Steps",
    "labelled_steps": "Labelled steps",
    "judged_traces": "Solutions judged to the first error",
    "traces_with_an_outcome": "Solutions with an outcome",
}


@dataclass(frozen=True, slots=True)
class Box:
    """The little picture of an interval, on a scale from 0 to 100."""

    low: float
    value: float
    width: float
    zero: float | None = None


@dataclass(frozen=True)
class NumberRow:
    """A number of one model, or one of two models with their difference."""

    found: Found
    reach: float = 0.0

    @property
    def label(self) -> str:
        """What it is, with the class or split it is of."""
        return " · ".join(part for part in (self.found["label"], self.found["split"]) if part)

    @property
    def estimate(self) -> Found:
        """The number itself, or the difference."""
        found: Found = self.found.get("difference") or self.found["estimate"]
        return found

    @property
    def p(self) -> float | None:
        """Of the paired test; None where there is none."""
        found: float | None = self.found.get("p")
        return found

    @property
    def beside(self) -> list[Found | None]:
        """What each baseline reaches, None where there is none."""
        known = self.found.get("baselines") or {}
        return [known.get(name) for name in BASELINES]

    @property
    def box(self) -> Box | None:
        """Its interval from 0 to 1; a difference between the largest ones of its suite."""
        value, low, high = (self.estimate[name] for name in ("value", "low", "high"))
        if value is None:
            return None
        low, high = (value if low is None else low), (value if high is None else high)
        if "difference" in self.found:
            if not self.reach:
                return None
            low, value, high = (50 + 50 * end / self.reach for end in (low, value, high))
            return Box(round(low, 2), round(value, 2), round(high - low, 2), zero=50.0)
        if low < 0 or high > 1:
            return None
        return Box(round(low * 100, 2), round(value * 100, 2), round((high - low) * 100, 2))


@dataclass(frozen=True)
class SuiteRows:
    """One suite of an evaluation; a suite that is gone by now keeps its key as its name."""

    result: EvaluationResult
    names: tuple[str, str] | None

    @cached_property
    def row(self) -> SuiteRow | None:
        """The suite's row."""
        return SUITES.get(self.result.suite) or DISTANCES.get(self.result.suite)

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.row.label if self.row else self.result.suite

    @cached_property
    def report(self) -> Found:
        """What it found."""
        return self.result.report or {}

    @cached_property
    def is_comparison(self) -> bool:
        """Whether its numbers are of two models each."""
        return "differences" in self.report

    @cached_property
    def _all(self) -> list[Found]:
        return list(self.report.get("differences") or self.report.get("numbers") or ())

    @cached_property
    def numbers(self) -> list[NumberRow]:
        """The numbers that are no points of a curve; of many only those of everything."""
        return self._rows([one for one in self._apart if not (self._folds and one["split"])])

    @cached_property
    def parts(self) -> list[NumberRow]:
        """The numbers of single classes or splits, where there are too many to read at once."""
        return self._rows([one for one in self._apart if self._folds and one["split"]])

    @cached_property
    def _apart(self) -> list[Found]:
        return [found for found in self._all if not found["series"]]

    @cached_property
    def _folds(self) -> bool:
        return len(self._apart) > READ_AT_ONCE and not all(one["split"] for one in self._apart)

    @cached_property
    def points(self) -> list[NumberRow]:
        """The points of its curves."""
        return self._rows([found for found in self._all if found["series"]])

    @cached_property
    def main(self) -> NumberRow | None:
        """The number that stands for the suite; the last one where that one is not compared."""
        if self.row is None:
            return None
        same = [one for one in self._all if _stem(one) == self.row.main] or self._all[-1:]
        return NumberRow(same[0]) if same else None

    @cached_property
    def pictures(self) -> list[Picture]:
        """What of it is drawn."""
        if self.row is None:
            return []
        if self.is_comparison and self.names:
            return paired_pictures(self.row.plots, self._all, self.names)
        return pictures(self.row.plots, self._all)

    @property
    def has_baselines(self) -> bool:
        """Whether length and form stand beside any number."""
        return any(found.get("baselines") for found in self._all)

    @property
    def has_chance(self) -> bool:
        """Whether guessing has a value for any number."""
        return any(found.get("chance") is not None for found in self._all)

    @property
    def settings(self) -> list[tuple[str, Any]]:
        """The parameters it ran with."""
        given = self.report.get("protocol", {}).get("params", {})
        return sorted((name, value) for name, value in given.items() if value != "")

    @property
    def fitted(self) -> list[tuple[str, float]]:
        """What it fitted on the data, in words."""
        return [
            (name.replace("_", " ").capitalize(), value)
            for name, value in sorted(self.report.get("fitted", {}).items())
        ]

    def _rows(self, found: list[Found]) -> list[NumberRow]:
        ends = [
            abs(one["difference"][end])
            for one in found
            if "difference" in one
            for end in ("low", "value", "high")
            if one["difference"][end] is not None
        ]
        return [NumberRow(one, max(ends, default=0.0)) for one in found]


@dataclass(frozen=True)
class EvaluationRows:
    """An evaluation ready for a template."""

    evaluation: Evaluation
    results: Sequence[EvaluationResult]
    changes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, str] | None:
        """The names of two models that are compared, which never read alike."""
        if self.evaluation.against is None:
            return None
        return str(self.evaluation.model), str(self.evaluation.against)

    @cached_property
    def suites(self) -> list[SuiteRows]:
        """The suites that have numbers."""
        return [SuiteRows(one, self.names) for one in self.results if one.report is not None]

    @property
    def without(self) -> list[SuiteRows]:
        """The suites that did not fit, each with its reason."""
        return [SuiteRows(one, self.names) for one in self.results if one.report is None]

    @property
    def facts(self) -> list[tuple[str, int]]:
        """What it rests on."""
        counts = self.evaluation.counts
        return [(words, counts[name]) for name, words in COUNTS.items() if name in counts]

    @property
    def missing(self) -> list[tuple[RewardModel, int]]:
        """The models that have not scored all of these steps, each with how many are missing."""
        models = [one for one in (self.evaluation.model, self.evaluation.against) if one]
        counts = self.evaluation.counts.get("steps_without_a_score", ())
        return [(model, n) for model, n in zip(models, counts, strict=False) if n]


def evaluation_rows(
    evaluations: Iterable[Evaluation],
    results: Iterable[EvaluationResult],
    changes: Mapping[int, tuple[str, ...]],
) -> list[EvaluationRows]:
    """Return evaluations with what belongs to each; ``changes`` by id of the evaluation."""
    by_evaluation: dict[int, list[EvaluationResult]] = {}
    for result in results:
        by_evaluation.setdefault(result.evaluation_id, []).append(result)
    return [
        EvaluationRows(one, by_evaluation.get(one.pk, []), changes.get(one.pk, ()))
        for one in evaluations
    ]


def _stem(found: Found) -> str:
    return str(found["key"]).split(":")[0].split("@")[0]
