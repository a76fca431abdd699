"""The form that adds a model which scores without being trained: its settings come from the kind."""

from __future__ import annotations

from typing import Any

from django import forms

from annotator.views.pages.setting_forms import setting_field
from scoring.reward.registry import ADDED

ADDED_SETTINGS = "added-settings"
"""Id of the part of the page that choosing another kind replaces."""
NAMES_IT = "model"
"""The setting that says which model it is; every added kind has it and none has a default for it."""


class AddForm(forms.Form):
    """Which kind, and what it scores with."""

    kind = forms.ChoiceField(
        widget=forms.Select(
            {"hx-get": "?", "hx-target": f"#{ADDED_SETTINGS}", "hx-swap": "outerHTML"}
        ),
    )
    name = forms.CharField(
        max_length=100,
        required=False,
        help_text="Empty: model and kind. The same name again makes the next version.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, kind: str = "", **kwargs: Any) -> None:
        kwargs["auto_id"] = "add-%s"
        super().__init__(*args, **kwargs)
        choice = self.fields["kind"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - see above
        choice.choices = [(row.key, row.label) for row in ADDED.values()]
        self.row = ADDED.get(self.data.get("kind") or kind) or next(iter(ADDED.values()))
        self.initial["kind"] = self.row.key
        self.specs = self.row.settings()
        for spec in self.specs:
            self.fields[spec.name] = setting_field(spec)
            self.fields[spec.name].required = spec.name == NAMES_IT

    def about(self) -> list[forms.BoundField]:
        """Return the fields that are no settings."""
        return [self["kind"], self["name"]]

    def own(self) -> list[forms.BoundField]:
        """Return the settings of the kind."""
        return [self[spec.name] for spec in self.specs]

    def settings(self) -> dict[str, str]:
        """Return what was filled in, as the texts that ``--set`` takes; the rest stays default."""
        given = {spec.name: self.cleaned_data.get(spec.name) for spec in self.specs}
        return {name: str(value) for name, value in given.items() if value not in (None, "")}
