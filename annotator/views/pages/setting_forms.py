"""Forms generated from registries: a new setting or option appears here without further edits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst

from annotator.exporters.registry import EXPORTERS
from annotator.views.pages.models.words import setting_label, setting_value
from scoring.reward.config import BaseConfig
from scoring.reward.registry import KINDS
from scoring.reward.settings import describe
from scoring.training.config import TINY, RunConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.exporters.base import ExporterRow
    from annotator.exporters.options import OptionRow
    from annotator.models import Snapshot
    from scoring.reward.settings import FieldSpec

LABELS_NOW = (
    "Labels as they are now: people's, imported and checkers', of which the first kind in this "
    "order decides each step. A snapshot has its own rules."
)
_BACKBONE = {spec.name for spec in describe(BaseConfig)}
KIND_SETTINGS = "kind-settings"
"""Id of the part of the page that choosing another kind replaces."""
ESTIMATE = "estimate"
"""Id of the part of the page that says what the run would need."""
LONGEST_TEXT = 500
"""Characters of a setting that is one line; one that may be longer gets several lines."""
# The settings that people change; the others fold away.
COMMON = ("steps", "seed", "learning_rate", "held_out", "max_seconds", "neutral")


class TrainForm(forms.Form):
    """What to train and on what; the settings come from the config classes of the kind."""

    name = forms.CharField(
        max_length=100,
        required=False,
        help_text="Empty: base and kind. The same name again makes the next version.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        choices=[(row.key, row.label) for row in KINDS.values()],
        widget=forms.Select(
            {"hx-get": "?", "hx-target": f"#{KIND_SETTINGS}", "hx-swap": "outerHTML"}
        ),
    )
    base = forms.CharField(
        max_length=500,
        initial=TINY,
        help_text="tiny (made here, no download), a model of this project by name, a hub id such as "
        "owner/name, or a folder that the operator opened for this.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    snapshot = forms.TypedChoiceField(coerce=int, empty_value=None, required=False)

    def __init__(
        self, *args: Any, snapshots: Iterable[Snapshot], kind: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["snapshot"] = snapshot_field(snapshots, LABELS_NOW)
        chosen = KINDS.get(self.data.get("kind") or kind)
        self.row = chosen or next(iter(KINDS.values()))
        self.initial["kind"] = self.row.key
        self.specs = RunConfig.describe(self.row.key)
        for spec in self.specs:
            self.fields[spec.name] = setting_field(spec)

    def settings(self) -> dict[str, str]:
        """Return what was filled in, as the texts that ``--set`` takes; the rest stays default."""
        given = {spec.name: self.cleaned_data.get(spec.name) for spec in self.specs}
        return {name: str(value) for name, value in given.items() if value not in (None, "")}

    def about(self) -> list[forms.BoundField]:
        """Return the fields that are no settings."""
        return [self[name] for name in ("name", "kind", "base", "snapshot")]

    def common(self) -> list[forms.BoundField]:
        """Return the settings that people change."""
        return [self[spec.name] for spec in self.specs if spec.name in COMMON]

    def own(self) -> list[forms.BoundField]:
        """Return the settings that only this kind or a few have."""
        return [self[spec.name] for spec in self.row.settings() if spec.name not in _BACKBONE]

    def further(self) -> list[forms.BoundField]:
        """Return the other settings."""
        shown = {*COMMON, *(field.name for field in self.own())}
        return [self[spec.name] for spec in self.specs if spec.name not in shown]

    @property
    def further_has_errors(self) -> bool:
        """Whether the folded part must open to show an error."""
        return any(field.errors for field in self.further())


class ExportForm(forms.Form):
    """The options of one export format."""

    snapshot = forms.TypedChoiceField(coerce=int, empty_value=None, required=False)

    def __init__(
        self, *args: Any, row: ExporterRow, snapshots: Iterable[Snapshot], **kwargs: Any
    ) -> None:
        kwargs["auto_id"] = f"export-{row.key}-%s"
        super().__init__(*args, **kwargs)
        self.row = row
        self.fields["snapshot"] = snapshot_field(snapshots)
        for option in row.options:
            self.fields[option.name] = option_field(option)

    def choices(self) -> list[forms.BoundField]:
        """Return the fields of the format's own options."""
        return [self[option.name] for option in self.row.options]

    def options(self) -> dict[str, Any]:
        """Return what was filled in; the rest stays default."""
        given = {option.name: self.cleaned_data.get(option.name) for option in self.row.options}
        return {name: value for name, value in given.items() if value not in (None, "")}


def export_forms(*, snapshots: Iterable[Snapshot], failed: ExportForm | None) -> list[ExportForm]:
    """Return one form per format, the one that failed with its errors."""
    listed = list(snapshots)
    return [
        failed
        if failed is not None and failed.row is row
        else ExportForm(row=row, snapshots=listed)
        for row in EXPORTERS.values()
    ]


def snapshot_field(snapshots: Iterable[Snapshot], help_text: str = "") -> forms.TypedChoiceField:
    """Return the choice of a snapshot; empty = one is made of the labels as they are."""
    return forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label="Read from",
        help_text=help_text,
        choices=[
            ("", "Labels as they are now"),
            *((s.pk, f"Snapshot {s.name}") for s in snapshots),
        ],
    )


def setting_field(spec: FieldSpec) -> forms.Field:
    """Return the form field of a training setting; empty means its default."""
    label = setting_label(spec.name)
    common: dict[str, Any] = {"required": False, "help_text": spec.doc}
    if spec.choices:
        return forms.ChoiceField(label=label, choices=spec.menu, initial=spec.default, **common)
    if spec.kind == "bool":
        choices = [("true", "yes"), ("false", "no")]
        initial = "true" if spec.default else "false"
        return forms.ChoiceField(label=label, choices=choices, initial=initial, **common)
    placeholder = setting_value(spec.name, spec.default)
    attrs = {"placeholder": placeholder, "autocomplete": "off"}
    if spec.kind not in {"int", "float"}:
        longest = int(spec.high or LONGEST_TEXT)
        lines = forms.Textarea({**attrs, "rows": 4}) if longest > LONGEST_TEXT else None
        widget = lines or forms.TextInput(attrs)
        return forms.CharField(label=label, widget=widget, max_length=longest, **common)
    number: type[forms.IntegerField] = (
        forms.IntegerField if spec.kind == "int" else forms.FloatField
    )
    bounds: dict[str, Any] = {"min_value": spec.low, "max_value": spec.high}
    return number(label=label, widget=forms.NumberInput(attrs), **bounds, **common)


def option_field(option: OptionRow) -> forms.Field:
    """Return the form field of an export option."""
    if option.choices:
        choices = [(choice, choice) for choice in option.choices]
        return forms.ChoiceField(
            label=option.label,
            choices=choices,
            initial=option.default,
            help_text=capfirst(option.help),
        )
    if isinstance(option.default, int):
        return forms.IntegerField(
            label=option.label,
            min_value=option.low,
            max_value=2**31 - 1,
            initial=option.default,
            required=False,
            help_text=capfirst(option.help),
        )
    # White space matters in separators: it is shown escaped and read back by ``unescaped``.
    return EscapedCharField(
        label=option.label, initial=option.default, required=False, help_text=capfirst(option.help)
    )


class EscapedCharField(forms.CharField):
    r"""Text whose line breaks and tabs are typed and shown as ``\n`` and ``\t``."""

    PAIRS = (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, max_length=100, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Escape the default; what a person typed is shown as it was typed."""
        if value == self.initial and isinstance(value, str):
            for plain, escaped in self.PAIRS:
                value = value.replace(plain, escaped)
        return value

    def to_python(self, value: Any) -> str:
        r"""Turn ``\n``, ``\t`` and ``\\`` back."""
        text = str(super().to_python(value))
        parts = text.split("\\\\")
        return "\\".join(part.replace("\\n", "\n").replace("\\t", "\t") for part in parts)
