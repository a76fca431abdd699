"""Jobs and their curves."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.datasets import RulesIn
from annotator.importers.registry import IMPORTERS
from annotator.models import Job
from annotator.services.jobs.requests import AUTO


class JobIn(s.Serializer[Any]):
    """Work to queue. Which other fields count depends on ``kind``."""

    project = s.CharField()
    kind = s.ChoiceField(
        choices=["import", "train", "retrain", "score", "snapshot", "export", "answers"]
    )
    upload = s.IntegerField(required=False, help_text="import: id of an upload.")
    format = s.CharField(
        required=False,
        default=AUTO,
        max_length=40,
        help_text=f"import: auto or one of {', '.join(IMPORTERS)}; export: an export format.",
    )
    dry_run = s.BooleanField(default=False, help_text="import: check only.")
    reward_model_kind = s.CharField(
        required=False, default="prm", max_length=40, help_text="train."
    )
    base = s.CharField(required=False, default="tiny", max_length=500, help_text="train.")
    name = s.CharField(
        required=False, default="", allow_blank=True, max_length=100, help_text="train, snapshot."
    )
    settings = s.DictField(
        child=s.CharField(allow_blank=True), required=False, default=dict, help_text="train."
    )
    snapshot = s.IntegerField(
        required=False, allow_null=True, default=None, help_text="train, export: id."
    )
    model = s.IntegerField(required=False, help_text="score, retrain: id of a reward model.")
    labels = s.BooleanField(
        default=False, help_text="score: make labels of a judge's verdicts too."
    )
    rules = RulesIn(required=False, help_text="snapshot.")
    outcome = s.CharField(
        required=False,
        default="",
        allow_blank=True,
        help_text="answers: outcome that the check writes; empty: the project's primary one.",
    )
    replace = s.BooleanField(
        default=False, help_text="answers: also where a trace has the outcome from elsewhere."
    )
    options = s.DictField(required=False, default=dict, help_text="export.")


class ErrorBody(s.Serializer[Any]):
    """Why a request was refused."""

    code = s.CharField()
    message = s.CharField()
    fields = s.DictField(child=s.CharField())  # type: ignore[assignment]


class JobOut(s.Serializer[Any]):
    """A job; its row is the truth."""

    id = s.IntegerField()
    project = s.CharField()
    kind = s.CharField()
    state = s.ChoiceField(choices=Job.State.choices)
    args = s.DictField()
    result = s.DictField(help_text="Empty where you do not review.")
    attempt = s.IntegerField()
    done = s.IntegerField()
    total = s.IntegerField(allow_null=True)
    message = s.CharField()
    cancel_requested = s.BooleanField()
    error = ErrorBody(allow_null=True)
    created = s.DateTimeField()
    started = s.DateTimeField(allow_null=True)
    finished = s.DateTimeField(allow_null=True)


class JobList(s.Serializer[Any]):
    """A page of jobs, newest first."""

    results = JobOut(many=True)
    next = s.IntegerField(allow_null=True)


class MetricOut(s.Serializer[Any]):
    """One curve as [step, value] pairs."""

    name = s.CharField()
    points = s.ListField(child=s.ListField(child=s.FloatField()))


class MetricList(s.Serializer[Any]):
    """The curves of a job."""

    results = MetricOut(many=True)
