"""What a training run would need."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s


class TrainingRunIn(s.Serializer[Any]):
    """A training run, as in the job that would start it."""

    reward_model_kind = s.CharField(required=False, default="prm", max_length=40)
    base = s.CharField(required=False, default="tiny", max_length=500)
    settings = s.DictField(child=s.CharField(allow_blank=True), required=False, default=dict)
    snapshot = s.IntegerField(required=False, allow_null=True, default=None)


class TrainingRangeOut(s.Serializer[Any]):
    """A figure that lies between two."""

    low = s.FloatField()
    high = s.FloatField()


class TrainingEstimateOut(s.Serializer[Any]):
    """What a run would need; what cannot be known is null."""

    parameters = s.IntegerField(allow_null=True, help_text="Weights of the base.")
    trained = s.IntegerField(allow_null=True, help_text="Weights that are trained.")
    memory = s.DictField(child=TrainingRangeOut(), help_text="Bytes by what they are for.")
    total = TrainingRangeOut(allow_null=True, help_text="Bytes.")
    tokens = TrainingRangeOut(help_text="In the training data, each step once.")
    passes = TrainingRangeOut(allow_null=True, help_text="Over the training data.")
    seconds = TrainingRangeOut(allow_null=True)
    basis = s.ListField(child=s.CharField(), help_text="What the figures come from.")
