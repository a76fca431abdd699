"""Labels of steps and outcomes of traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers as s

from scoring.types import RATINGS


class JudgementIn(s.Serializer[Any]):
    """A judgement as it is sent; a field that is not known is refused, so that none is lost."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields by name, then check the others."""
        if isinstance(data, Mapping) and (unknown := data.keys() - self.fields.keys()):
            reason = f"There is no such field; known: {', '.join(self.fields)}."
            raise s.ValidationError({name: [reason] for name in sorted(unknown)})
        return super().to_internal_value(data)


class LabelIn(JudgementIn):
    """A judgement of a step; a null rating with ``unsure`` false means: seen, not rated."""

    rating = s.ChoiceField(choices=RATINGS, allow_null=True)
    unsure = s.BooleanField(default=False)
    error_type = s.CharField(max_length=40, default="", allow_blank=True)
    realises_error = s.BooleanField(default=False)
    note = s.CharField(default="", allow_blank=True, max_length=10_000, trim_whitespace=False)
    milliseconds = s.IntegerField(default=None, allow_null=True, min_value=0, max_value=2**31 - 1)
    shown_score = s.BooleanField(default=None, allow_null=True)


class RaterOut(s.Serializer[Any]):
    """Who judged."""

    kind = s.ChoiceField(choices=["person", "imported", "machine", "model"])
    name = s.CharField()
    version = s.CharField()


class LabelOut(s.Serializer[Any]):
    """The current judgement of a step by one rater."""

    step = s.IntegerField()
    rater = RaterOut()
    rating = s.IntegerField(allow_null=True)
    unsure = s.BooleanField()
    error_type = s.CharField()
    realises_error = s.BooleanField()
    note = s.CharField()
    milliseconds = s.IntegerField(allow_null=True)
    guideline = s.IntegerField(allow_null=True)
    updated = s.DateTimeField()


class LabelList(s.Serializer[Any]):
    """The labels of a step that the person may see."""

    results = LabelOut(many=True)


class LabelSaved(s.Serializer[Any]):
    """A stored judgement with the event that holds it."""

    label = LabelOut(allow_null=True)  # type: ignore[assignment]
    event = s.IntegerField(allow_null=True)
    replayed = s.BooleanField(help_text="True: this key was answered before.")


class OutcomeIn(JudgementIn):
    """An outcome of a trace; a null value means unknown, which is never 0."""

    name = s.CharField(max_length=60)
    value = s.FloatField(
        allow_null=True,
        error_messages={"invalid": "A finite number is required; null where it is unknown."},
    )


class OutcomeOut(s.Serializer[Any]):
    """A named outcome and who says so."""

    name = s.CharField()
    value = s.FloatField(allow_null=True)
    source = s.CharField()  # type: ignore[assignment]


class OutcomeList(s.Serializer[Any]):
    """All outcomes of a trace."""

    results = OutcomeOut(many=True)
