"""The filters of the Agreement page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms

from annotator.models import Rater

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import QueryDict

    from annotator.models import GuidelineVersion, Queue

KINDS = {
    Rater.Kind.PERSON: "People",
    Rater.Kind.IMPORTED: "Imported labelers",
    Rater.Kind.MACHINE: "Checkers",
    Rater.Kind.MODEL: "Models",
}


class Day(forms.DateInput):
    """A day, picked in the browser's own way."""

    input_type = "date"


class AgreementForm(forms.Form):
    """Which judgements the figures are about; nothing chosen = all that people said."""

    kind = forms.MultipleChoiceField(
        choices=[(kind.value, label) for kind, label in KINDS.items()],
        widget=forms.CheckboxSelectMultiple,
        label="Judgements of",
    )
    queue = forms.TypedChoiceField(coerce=int, empty_value=None, required=False)
    guideline = forms.TypedChoiceField(
        coerce=int, empty_value=None, required=False, label="Guidelines"
    )
    since = forms.DateField(required=False, label="From", widget=Day)
    until = forms.DateField(required=False, label="To", widget=Day)

    def __init__(
        self,
        asked: QueryDict,
        *,
        queues: Iterable[Queue],
        guidelines: Iterable[GuidelineVersion],
    ) -> None:
        data = asked.copy()
        if not data.getlist("kind"):
            data.setlist("kind", [Rater.Kind.PERSON.value])
        super().__init__(data)
        queue = cast("forms.TypedChoiceField", self.fields["queue"])
        queue.choices = [("", "All work"), *((row.pk, row.name) for row in queues)]
        guideline = cast("forms.TypedChoiceField", self.fields["guideline"])
        guideline.choices = [
            ("", "All versions"),
            *((row.number, f"Version {row.number}") for row in guidelines),
        ]

    def wanted(self) -> dict[str, Any]:
        """Return the arguments of ``scope_checked``."""
        data = self.cleaned_data
        return {
            "kinds": data["kind"],
            **{name: data[name] for name in ("queue", "guideline", "since", "until")},
        }
