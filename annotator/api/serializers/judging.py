"""Spans, alternatives and submissions: what a person says beside the labels of single steps."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.judgements import JudgementIn
from annotator.models import Submission
from scoring.types import RATINGS


class SpanIn(JudgementIn):
    """A judgement of the steps ``first`` … ``last`` of one path as one unit."""

    first = s.IntegerField(min_value=1)
    last = s.IntegerField(min_value=1)
    rating = s.ChoiceField(choices=RATINGS, allow_null=True)
    error_type = s.CharField(max_length=40, default="", allow_blank=True)
    note = s.CharField(default="", allow_blank=True, max_length=10_000, trim_whitespace=False)
    milliseconds = s.IntegerField(default=None, allow_null=True, min_value=0, max_value=2**31 - 1)


class SpanOut(s.Serializer[Any]):
    """The person's current judgement of a run of steps."""

    first = s.IntegerField()
    last = s.IntegerField()
    rating = s.IntegerField(allow_null=True)
    error_type = s.CharField()
    note = s.CharField()
    milliseconds = s.IntegerField(allow_null=True)
    guideline = s.IntegerField(allow_null=True)
    updated = s.DateTimeField()


class SpanList(s.Serializer[Any]):
    """The person's spans of a problem."""

    results = SpanOut(many=True)


class SpanSaved(s.Serializer[Any]):
    """A stored span with the event that holds it."""

    span = SpanOut(allow_null=True)
    event = s.IntegerField()
    replayed = s.BooleanField()


class AlternativeIn(JudgementIn):
    """What should have stood in a step's place."""

    text = s.CharField(max_length=100_000, trim_whitespace=False)


class AlternativeOut(s.Serializer[Any]):
    """A replacement that the person wrote."""

    replaces = s.IntegerField(allow_null=True)
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    text = s.CharField()
    updated = s.DateTimeField()


class AlternativeSaved(s.Serializer[Any]):
    """A stored alternative with the event that holds it."""

    alternative = AlternativeOut(allow_null=True)
    event = s.IntegerField()
    replayed = s.BooleanField()


class AlternativeOne(s.Serializer[Any]):
    """The person's alternative of a step, null = none."""

    alternative = AlternativeOut(allow_null=True)


class SubmissionIn(JudgementIn):
    """How the person ends a trace; a give-up and a faulty problem say why."""

    reason = s.ChoiceField(choices=Submission.Reason.choices)
    note = s.CharField(default="", allow_blank=True, max_length=10_000)
    milliseconds = s.IntegerField(default=None, allow_null=True, min_value=0, max_value=2**31 - 1)


class SubmissionOut(s.Serializer[Any]):
    """How the person ended a trace."""

    trace = s.IntegerField(allow_null=True)
    reason = s.ChoiceField(choices=Submission.Reason.choices)
    note = s.CharField()
    milliseconds = s.IntegerField(allow_null=True)
    updated = s.DateTimeField()


class SubmissionOne(s.Serializer[Any]):
    """The person's submission of a trace, null = none."""

    submission = SubmissionOut(allow_null=True)


class SubmissionSaved(s.Serializer[Any]):
    """A stored submission with the event that holds it."""

    submission = SubmissionOut(allow_null=True)
    event = s.IntegerField(allow_null=True)
    replayed = s.BooleanField()
