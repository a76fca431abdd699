"""Credit as the API writes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s


class StepCreditOut(s.Serializer[Any]):
    """A step's number, null where the method gives none."""

    step = s.IntegerField()
    credit = s.FloatField(allow_null=True)


class CreditOut(s.Serializer[Any]):
    """Credit of every step in tree order, with what made it."""

    problem = s.IntegerField()
    key = s.CharField(help_text="The choice as the workbench's URL writes it.")
    method = s.CharField()
    version = s.CharField()
    params = s.DictField(help_text="Every parameter with the value used.")
    model = s.IntegerField(allow_null=True)
    models = s.ListField(child=s.CharField(), help_text="Further models whose numbers were read.")
    unit = s.CharField()
    signed = s.BooleanField()
    by_trace = s.BooleanField(help_text="Steps' numbers are means over the traces through them.")
    no_signal = s.BooleanField()
    confidence = s.CharField()
    source = s.CharField()  # type: ignore[assignment]
    made_by = s.CharField()
    notes = s.ListField(child=s.CharField())
    steps = StepCreditOut(many=True)
    trace = StepCreditOut(many=True, allow_null=True, help_text="Of the trace that ends at `end`.")


class ParamOut(s.Serializer[Any]):
    """A parameter of a method."""

    name = s.CharField()
    default = s.JSONField(allow_null=True)
    allowed = s.CharField()


class MethodOut(s.Serializer[Any]):
    """A method; ``missing`` says what it lacks here, "" = it can be asked for."""

    method = s.CharField()
    label = s.CharField()  # type: ignore[assignment]
    family = s.CharField()
    summary = s.CharField()
    confidence = s.CharField()
    needs = s.ListField(child=s.CharField())
    missing = s.CharField()
    params = ParamOut(many=True)


class MethodList(s.Serializer[Any]):
    """Every credit method."""

    results = MethodOut(many=True)
