"""Attributions and signals of a path as the API reads and writes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from scoring.attribution.choices import CHOICES


class AttributionIn(s.Serializer[Any]):
    """What to run on the path that ends at the step."""

    model = s.IntegerField(help_text="Id of a model of the project that can be opened.")
    method = s.CharField(max_length=40, help_text=f"One of {', '.join(CHOICES)}.")
    params = s.DictField(
        required=False,
        default=dict,
        help_text="Parameters by name; the others keep their defaults.",
    )


class StepNumberOut(s.Serializer[Any]):
    """A step's number, null where there is none."""

    step = s.IntegerField()
    value = s.FloatField(allow_null=True)
    standard_error = s.FloatField(allow_null=True, help_text="Where a method draws.")


class TokenNumberOut(s.Serializer[Any]):
    """A piece of the texts: a token, or several that share a character."""

    step = s.IntegerField(help_text="Place of the step on the path, from 0.")
    begin = s.IntegerField(help_text="First character in the step's text.")
    end = s.IntegerField(help_text="One past the last; as `begin` for a mark of the layout.")
    value = s.FloatField(allow_null=True)


class AttributionOut(s.Serializer[Any]):
    """What a job found of a path, with what made it."""

    id = s.IntegerField()
    model = s.IntegerField()
    method = s.CharField()
    label = s.CharField()  # type: ignore[assignment]
    signal = s.BooleanField(help_text="A signal, which is nobody's credit.")
    version = s.CharField()
    params = s.DictField(help_text="Every parameter with the value used.")
    unit = s.CharField()
    value = s.FloatField(allow_null=True, help_text="f(x); null of a signal, as what follows.")
    baseline_value = s.FloatField(allow_null=True)
    baseline = s.CharField(allow_null=True)
    total = s.FloatField(allow_null=True, help_text="Sum of all credits.")
    relative_error = s.FloatField(allow_null=True)
    badge = s.CharField(allow_null=True, help_text="`ok`, `amber`, `red` or `none`.")
    figures = s.DictField(help_text="Numbers of the whole path, of a signal.")
    notes = s.ListField(child=s.CharField())
    stale = s.BooleanField(help_text="The texts were changed since.")
    model_hash = s.CharField()
    template_hash = s.CharField()
    dtype = s.CharField()
    n_tokens = s.IntegerField(help_text="Tokens of the path with its layout.")
    created = s.DateTimeField()
    steps = StepNumberOut(many=True)
    tokens = TokenNumberOut(many=True, allow_null=True, help_text="With `tokens=1`, else null.")


class AttributionList(s.Serializer[Any]):
    """A page of attributions."""

    results = AttributionOut(many=True)
    next = s.IntegerField(allow_null=True)
