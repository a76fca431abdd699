"""Evaluations of reward models."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.models import Evaluation
from scoring.evaluation.registry import DISTANCES, SUITES


class EvaluationIn(s.Serializer[Any]):
    """An evaluation to queue."""

    against = s.IntegerField(
        required=False, allow_null=True, default=None, help_text="Id of a model to compare with."
    )
    suites = s.ListField(
        child=s.CharField(max_length=40),
        required=False,
        default=list,
        help_text=f"Of {', '.join(SUITES)}; between two models also {', '.join(DISTANCES)}. "
        "Empty: all.",
    )
    settings = s.DictField(
        child=s.CharField(allow_blank=True),
        required=False,
        default=dict,
        help_text="Parameters by name; each goes to the suites that have it.",
    )
    snapshot = s.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Id of the snapshot whose labels count. Null: the labels as they are now.",
    )
    part = s.ChoiceField(
        choices=Evaluation.Part.choices,
        allow_blank=True,
        required=False,
        default="",
        help_text="`unseen`: without the problems that a model was trained on. `test`: of these the "
        "test split of the snapshot. `all`: every problem. "
        "Empty: `unseen` if it is known what a model was trained on.",
    )


class SuiteOut(s.Serializer[Any]):
    """A suite with the parameters that it ran with."""

    suite = s.CharField()
    settings = s.DictField()


class ResultOut(s.Serializer[Any]):
    """What a suite found."""

    suite = s.CharField()
    protocol = s.CharField(
        help_text="Numbers of two evaluations compare if their key and this are equal."
    )
    reason = s.CharField(help_text="Why there are no numbers; empty where there are.")
    report = s.DictField(
        allow_null=True,
        help_text="`numbers` with intervals and baselines, or of two models `differences`; "
        "`protocol`, `fitted`, `notes`.",
    )


class EvaluationRow(s.Serializer[Any]):
    """An evaluation without its numbers."""

    id = s.IntegerField()
    project = s.CharField()
    model = s.IntegerField()
    against = s.IntegerField(allow_null=True)
    snapshot = s.IntegerField()
    part = s.ChoiceField(choices=Evaluation.Part.choices)
    suites = SuiteOut(many=True)
    counts = s.DictField(help_text="What it rests on; lists hold one number for each model.")
    job = s.IntegerField(allow_null=True)
    created = s.DateTimeField()


class EvaluationOut(EvaluationRow):
    """An evaluation with its numbers."""

    changes = s.ListField(
        child=s.CharField(), help_text="What has changed since; empty: the numbers still hold."
    )
    results = ResultOut(many=True)


class EvaluationList(s.Serializer[Any]):
    """A page of evaluations, newest first."""

    results = EvaluationRow(many=True)
    next = s.IntegerField(allow_null=True)
