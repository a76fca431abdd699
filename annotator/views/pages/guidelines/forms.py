"""Examples beside the guidelines, and the choice of labels to be judged again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self, cast

from django import forms
from django.core.exceptions import ValidationError

from annotator.queries.access import MAX_ID
from annotator.queries.guidelines.versions import Selection
from annotator.services.guidelines.versions import MOST_EXAMPLES, WHY_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.queries.guidelines.taxonomy import TaxonomyNode
    from annotator.views.http import HtmxRequest

RATINGS = (("-1", "−1 wrong"), ("0", "0 neutral"), ("1", "+1 right"))
STEP = re.compile(r"(?:.*[?&]step=)?(\d{1,19})(?:[&#].*)?\Z", re.ASCII)
EMPTY_ROWS = 2


class ExampleForm(forms.Form):
    """One example; an empty step takes it away."""

    step = forms.CharField(required=False, max_length=400, label="Step or its link")
    rating = forms.TypedChoiceField(
        required=False, choices=[("", "rating"), *RATINGS], coerce=int, empty_value=None
    )
    why = forms.CharField(required=False, max_length=WHY_LENGTH, label="Why")

    def clean_step(self) -> int | None:
        """Read a step's number, alone or out of a workbench link."""
        text = self.cleaned_data["step"].strip()
        found = STEP.match(text)
        if text and (found is None or int(found[1]) > MAX_ID):
            raise ValidationError("Give a step's number, or the link of the workbench on it.")
        return int(found[1]) if found and text else None

    def clean(self) -> dict[str, Any]:
        """Refuse half an example."""
        data = super().clean() or self.cleaned_data
        if data.get("step") and data.get("rating") is None:
            self.add_error("rating", "Choose the right rating.")
        if data.get("step") and not data.get("why"):
            self.add_error("why", "Say why.")
        if not data.get("step") and not self.errors and data.get("why"):
            self.add_error("step", "Say which step this is about.")
        return data


class ExampleForms(list[ExampleForm]):
    """The rows of the editor: the examples so far, one that was asked for, and empty ones."""

    @classmethod
    def of(cls, request: HtmxRequest, examples: Sequence[dict[str, Any]]) -> Self:
        """Return the rows of a request."""
        if request.method == "POST":
            sent = [key for key in request.POST if re.fullmatch(r"example\d{1,3}-step", key)]
            numbers = sorted(int(key[7:].split("-")[0]) for key in sent)[: MOST_EXAMPLES + 1]
            return cls(ExampleForm(request.POST, prefix=f"example{n}") for n in numbers)
        rows: list[dict[str, Any]] = [dict(row) for row in examples]
        if asked := request.GET.get("example", "")[:400]:
            rows.append({"step": asked, "rating": request.GET.get("rating", "")})
        rows += [{}] * EMPTY_ROWS
        return cls(ExampleForm(initial=row, prefix=f"example{n}") for n, row in enumerate(rows))

    def is_valid(self) -> bool:
        """Check every row, so that each says what is wrong with it."""
        return [row.is_valid() for row in self].count(False) == 0

    def examples(self) -> list[dict[str, Any]]:
        """Return what was filled in."""
        return [
            {name: row.cleaned_data[name] for name in ("step", "rating", "why")}
            for row in self
            if row.cleaned_data["step"]
        ]


class RelabelForm(forms.Form):
    """Which labels are judged again."""

    versions = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        label="Made under version",
        help_text="None chosen: every older one.",
        widget=forms.CheckboxSelectMultiple,
    )
    ratings = forms.TypedMultipleChoiceField(
        coerce=int,
        choices=RATINGS,
        required=False,
        label="With the rating",
        widget=forms.CheckboxSelectMultiple,
    )
    unsure = forms.BooleanField(required=False, label="Unsure ones")
    error_types = forms.MultipleChoiceField(
        required=False,
        label="With the type of error",
        help_text="Nothing chosen in these three: all labels.",
        widget=forms.SelectMultiple({"size": 8}),
    )
    overlap = forms.IntegerField(min_value=1, max_value=100, initial=1, label="People per item")
    name = forms.CharField(max_length=100, label="Name of the queue")

    def __init__(
        self,
        *args: Any,
        versions: Sequence[int],
        types: Sequence[TaxonomyNode],
        current: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        numbers = cast("forms.ChoiceField", self.fields["versions"])
        keys = cast("forms.ChoiceField", self.fields["error_types"])
        numbers.choices = [(number, f"{number}") for number in versions]
        keys.choices = [(node.type.key, node.indented) for node in types]
        self.fields["name"].initial = f"Judge again under guidelines {current}"

    def selection(self) -> Selection:
        """Return what was chosen."""
        data = self.cleaned_data
        return Selection(
            versions=tuple(data.get("versions", ())),
            ratings=tuple(data.get("ratings", ())),
            error_types=tuple(data.get("error_types", ())),
            unsure=bool(data.get("unsure")),
        )
