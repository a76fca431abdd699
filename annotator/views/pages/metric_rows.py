"""Held-out numbers as the pages show them: value, interval, n, and the baseline beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.reward.registry import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import RewardModel

BASELINE = "length_"
COUNTS = frozenset({"skipped"})
LABELS = {
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "positive_rate": "Share of right steps",
    "skipped": "Labelled steps without a score",
}
ORDER = tuple(LABELS)
MAIN = ("auroc", "average_precision")


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One number with its 95 % interval (None: undefined) and the length-only baseline."""

    name: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    baseline: float | None
    is_count: bool

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the whole interval lies above the baseline; None where that cannot be said."""
        if self.baseline is None or self.low is None:
            return None
        return self.low > self.baseline

    @property
    def box(self) -> dict[str, float] | None:
        """Places on a scale from 0 to 100 for the little interval picture."""
        if self.value is None or self.is_count:
            return None
        low = self.low if self.low is not None else self.value
        high = self.high if self.high is not None else self.value
        places = {"low": low * 100, "value": self.value * 100, "width": (high - low) * 100}
        if self.baseline is not None:
            places["baseline"] = self.baseline * 100
        return {name: round(place, 2) for name, place in places.items()}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model in the list with its two main numbers."""

    model: RewardModel

    @property
    def kind(self) -> str:
        """The kind in words."""
        return kind_label(self.model)

    @property
    def metrics(self) -> list[MetricRow]:
        """The numbers of the list, one per group of held-out problems."""
        rows = metric_rows(self.model.metrics)
        return [row for row in rows if row.name.rsplit("/", 1)[-1] in MAIN]


def kind_label(model: RewardModel) -> str:
    """Return what a person calls the kind of ``model``."""
    row = KINDS.get(model.kind)
    return row.label if row else model.kind.replace("_", " ").capitalize()


def metric_rows(metrics: Mapping[str, Any]) -> list[MetricRow]:
    """Return the metrics of a model by group; baselines join what they belong to.

    A name may carry a group in front, as in ``arithmetic/auroc``.
    """
    rows = []
    for name, found in metrics.items():
        group, _, last = name.rpartition("/")
        if last.startswith(BASELINE) or not isinstance(found, dict):
            continue
        baseline = metrics.get(f"{group}/{BASELINE}{last}" if group else f"{BASELINE}{last}") or {}
        label = LABELS.get(last, last.replace("_", " ").capitalize())
        rows.append(
            MetricRow(
                name=name,
                label=f"{label}, {group.replace('_', ' ')}" if group else label,
                value=found.get("value"),
                low=found.get("low"),
                high=found.get("high"),
                n=found.get("n"),
                baseline=baseline.get("value"),
                is_count=last in COUNTS,
            )
        )
    return sorted(rows, key=_place)


def _place(row: MetricRow) -> tuple[str, int]:
    """Order by group and importance: the database does not keep the order of the keys."""
    group, _, last = row.name.rpartition("/")
    return group, ORDER.index(last) if last in ORDER else len(ORDER)
