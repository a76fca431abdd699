"""Held-out numbers as the pages show them: value, interval, n, and the baseline beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.reward.registry import ALL
from scoring.verify.registry import CHECKERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import RewardModel
    from annotator.queries.staleness import Staleness

BASELINE = "length_"
MARGIN = "above_length_"
_LEFT_OUT = ("skipped", "undecided")
COUNTS = frozenset(
    {"ties", "lost", *(front + x for front in ("", "outcome_", "graded_") for x in _LEFT_OUT)}
)
UNBOUNDED = frozenset({"log_loss", "mean_margin"})
OF_COMPARISONS = frozenset({"pair_accuracy", "log_loss", "mean_margin", "ties", "lost"})
JUDGES = {
    "person": "people's",
    "imported": "imported",
    "machine": "checkers'",
    "model": "models'",
}
LABELS = {
    "pair_accuracy": "Pair accuracy",
    "log_loss": "Log-loss of comparisons",
    "mean_margin": "Mean margin",
    "ties": "Ties among them",
    "lost": "Comparisons beyond the model's context",
    "outcome_auroc": "AUROC of outcomes",
    "outcome_average_precision": "Average precision of outcomes",
    "outcome_positive_rate": "Share of right outcomes",
    "outcome_skipped": "Traces without a score",
    "outcome_undecided": "Traces left out: outcome 0.5",
    "graded_auroc": "AUROC of graded steps",
    "graded_average_precision": "Average precision of graded steps",
    "graded_positive_rate": "Share of steps graded above 0.5",
    "graded_skipped": "Graded steps without a score",
    "graded_undecided": "Graded steps left out: 0.5",
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "positive_rate": "Share of right steps",
    "skipped": "Labelled steps without a score",
    "undecided": "Labelled steps left out: target 0.5",
}
ORDER = tuple(LABELS)
MAIN = ("pair_accuracy", "outcome_auroc", "graded_auroc", "auroc", "average_precision")


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One number with its 95 % interval (None: undefined) and the length-only baseline.

    Attributes:
        margin_low: lower end of the interval of the difference to the baseline, both computed on
            the same resampled problems; None where it was not computed.
        judges: whose labels it is measured on, "" = not recorded.
    """

    name: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    baseline: float | None
    is_count: bool
    margin_low: float | None = None
    judges: str = ""

    @property
    def unit(self) -> str:
        """What ``n`` counts, in the singular."""
        last = self.name.rpartition("/")[2]
        if last in OF_COMPARISONS:
            return "comparison"
        return "trace" if last.startswith("outcome_") else "step"

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the interval of the difference lies above 0; None where that cannot be said."""
        return None if self.margin_low is None else self.margin_low > 0

    @property
    def box(self) -> dict[str, float] | None:
        """Places on a scale from 0 to 100 for the little interval picture."""
        if self.value is None or self.is_count or self.name.rpartition("/")[2] in UNBOUNDED:
            return None
        low = self.low if self.low is not None else self.value
        high = self.high if self.high is not None else self.value
        places = {"low": low * 100, "value": self.value * 100, "width": (high - low) * 100}
        if self.baseline is not None:
            places["baseline"] = self.baseline * 100
        return {name: round(place, 2) for name, place in places.items()}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model in the list with its two main numbers, and how far it is behind if that is told."""

    model: RewardModel
    behind: Staleness | None = None

    @property
    def kind(self) -> str:
        """The kind in words."""
        return kind_label(self.model)

    @property
    def metrics(self) -> list[MetricRow]:
        """The numbers of the list, one per group of held-out problems."""
        rows = metric_rows(self.model.metrics, self.model.provenance.get("measured_on"))
        return [row for row in rows if row.name.rsplit("/", 1)[-1] in MAIN]


def kind_label(model: RewardModel) -> str:
    """Return what a person calls the kind of ``model``."""
    row = ALL.get(model.kind)
    return row.label if row else model.kind.replace("_", " ").capitalize()


def metric_rows(
    metrics: Mapping[str, Any], measured_on: Mapping[str, Mapping[str, int]] | None = None
) -> list[MetricRow]:
    """Return the metrics of a model by group; baselines join what they belong to.

    Args:
        metrics: as stored; a name may carry a group in front, as in ``arithmetic/auroc``.
        measured_on: group → kind of rater → steps whose label is theirs.
    """
    rows = []
    for name, found in metrics.items():
        group, _, last = name.rpartition("/")
        if last.startswith((BASELINE, MARGIN)) or not isinstance(found, dict):
            continue
        front = f"{group}/" if group else ""
        baseline = metrics.get(f"{front}{BASELINE}{last}") or {}
        margin = metrics.get(f"{front}{MARGIN}{last}") or {}
        label = LABELS.get(last, last.replace("_", " ").capitalize())
        rows.append(
            MetricRow(
                name=name,
                label=f"{label} · {group_label(group)}" if group else label,
                value=found.get("value"),
                low=found.get("low"),
                high=found.get("high"),
                n=found.get("n"),
                baseline=baseline.get("value"),
                is_count=last in COUNTS,
                margin_low=margin.get("low"),
                judges=_judges((measured_on or {}).get(group, {})),
            )
        )
    return sorted(rows, key=_place)


def group_label(group: str) -> str:
    """Return what a person calls a group of problems: its checker's label where it has one."""
    row = CHECKERS.get(group)
    return row.label if row else group.replace("_", " ")


def _judges(counts: Mapping[str, int]) -> str:
    """Say whose labels: "checkers' labels", or with numbers where several kinds judged."""
    found = [(words, counts[kind]) for kind, words in JUDGES.items() if counts.get(kind)]
    if len(found) == 1:
        return f"{found[0][0]} labels"
    return ", ".join(f"{number:,} {words}" for words, number in found) + (
        " labels" if found else ""
    )


def _place(row: MetricRow) -> tuple[str, int]:
    """Order by group and importance: the database does not keep the order of the keys."""
    group, _, last = row.name.rpartition("/")
    return group, ORDER.index(last) if last in ORDER else len(ORDER)
