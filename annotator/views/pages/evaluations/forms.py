"""The form that asks for an evaluation, made from the rows of the suites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst

from annotator.models import Evaluation
from annotator.services.evaluations import (
    AGGREGATION,
    STATES,
    aggregation_for,
    can_read,
    has_model_read,
    has_states,
    shared_settings,
    suites_of,
)
from annotator.views.pages.setting_forms import LABELS_NOW, snapshot_field
from scoring.evaluation.aggregate import OWN
from scoring.evaluation.registry import DISTANCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

    from annotator.models import RewardModel, Snapshot
    from scoring.evaluation.base import SuiteRow
    from scoring.params import Param

# What a suite needs of a solution, by the keys of ``scoring.evaluation.base.INPUTS``.
NEEDS = {
    "step_scores": "all steps scored",
    "labelled_scores": "labelled steps with scores",
    "edited_scores": "edited solutions scored",
    "states": "a model trained here",
    "preferred": "rankings",
    "first_error": "judged to the first error",
    "step_labels": "all steps labelled",
    "outcome": "all steps scored",
    "correct": "an outcome",
    "reward": "an outcome",
}
WORDS = {
    "max_n": "Largest n",
    "n": "n of the aggregation sweep",
    "tune_on": "Split to tune the threshold on",
    "gamma": "Discount",
    "reward": "Reward of a step",
    "canonical": "Canonical reward",
    "min_labels": "Least number of examples",
    "components": "Directions of states",
}


@dataclass(frozen=True, slots=True)
class SuiteChoice:
    """A suite with its check box."""

    row: SuiteRow
    tag: SafeString
    id: str

    @property
    def needs(self) -> str:
        """What it needs, in words."""
        return ", ".join(NEEDS[need] for need in self.row.needs)


class EvaluationForm(forms.Form):
    """What to measure, on which data, and against which other model."""

    against = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label="Compare with",
        help_text="Both are measured on the same solutions, with a paired test.",
    )
    snapshot = forms.TypedChoiceField(coerce=int, empty_value=None, required=False)
    part = forms.ChoiceField(label="Problems", choices=Evaluation.Part.choices)
    suites = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose a suite at least."},
    )

    def __init__(
        self,
        *args: Any,
        model: RewardModel,
        others: Iterable[RewardModel],
        snapshots: Iterable[Snapshot],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        reads, states = can_read(model), has_states(model)
        self.rows = {
            row.key: row
            for row in suites_of(compared=True).values()
            if not has_model_read(row) or (reads and (states or STATES not in row.needs))
        }
        self.fields["against"].choices = [  # type: ignore[attr-defined]
            ("", "No other model"),
            *((other.pk, str(other)) for other in others if other.pk != model.pk),
        ]
        self.fields["snapshot"] = snapshot_field(snapshots, LABELS_NOW)
        self.fields["snapshot"].label = "Labels"
        self.fields["suites"].choices = [  # type: ignore[attr-defined]
            (row.key, row.label) for row in self.rows.values()
        ]
        stored = [row.key for row in self.rows.values() if not has_model_read(row)]
        self.initial.setdefault("suites", stored)
        self.params = shared_settings(self.rows.values())
        for param in self.params.values():
            self.fields[param.name] = _field(param)
        self.initial.setdefault(AGGREGATION, aggregation_for([model]))
        if model.snapshot_id is None:
            self.initial["part"] = Evaluation.Part.ALL
            self.fields[
                "part"
            ].help_text = "What this model was trained on is not known here, so no problem is left out for it."

    def about(self) -> list[forms.BoundField]:
        """Return the fields that say on what data."""
        return [self[name] for name in ("against", "snapshot", "part")]

    def of_one(self) -> list[SuiteChoice]:
        """Return the suites with their check boxes."""
        return [
            choice
            for choice in self._choices()
            if choice.row.key not in DISTANCES and not has_model_read(choice.row)
        ]

    def of_two(self) -> list[SuiteChoice]:
        """Return the distances between two models with their check boxes."""
        return [choice for choice in self._choices() if choice.row.key in DISTANCES]

    def of_reading(self) -> list[SuiteChoice]:
        """Return the suites that have the model read, with their check boxes."""
        return [choice for choice in self._choices() if has_model_read(choice.row)]

    def settings_fields(self) -> list[forms.BoundField]:
        """Return the fields of parameters."""
        return [self[name] for name in self.params]

    def chosen(self) -> list[str]:
        """Return the suites that were ticked; a distance counts only where there are two models."""
        two = self.cleaned_data["against"] is not None
        return [key for key in self.cleaned_data["suites"] if two or key not in DISTANCES]

    def settings(self) -> dict[str, Any]:
        """Return what was filled in for the suites that were ticked; the rest stays default."""
        used = shared_settings(self.rows[key] for key in self.chosen())
        given = {name: self.cleaned_data.get(name) for name in used}
        return {name: value for name, value in given.items() if value not in (None, "")}

    @property
    def settings_have_errors(self) -> bool:
        """Whether the folded part must open to show an error."""
        return any(field.errors for field in self.settings_fields())

    def _choices(self) -> list[SuiteChoice]:
        return [
            SuiteChoice(self.rows[box.data["value"]], box.tag(), box.id_for_label)
            for box in self["suites"]
        ]


def _field(param: Param) -> forms.Field:
    label = WORDS.get(param.name) or capfirst(param.name.replace("_", " "))
    said: dict[str, Any] = {"label": label, "help_text": capfirst(param.meaning), "required": False}
    if param.name == AGGREGATION:
        said["help_text"] = "How the scores of steps become one of a solution."
        known = [(value, words) for value, words in param.menu if value != OWN]
        return forms.ChoiceField(choices=known, **said)
    if param.choices:
        return forms.ChoiceField(choices=param.menu, initial=param.default, **said)
    number: type[forms.IntegerField] = (
        forms.IntegerField if isinstance(param.default, int) else forms.FloatField
    )
    widget = forms.NumberInput({"placeholder": f"{param.default:g}", "autocomplete": "off"})
    bounds: dict[str, Any] = {"min_value": param.low, "max_value": param.high}
    return number(widget=widget, **bounds, **said)
