"""Versions of the guidelines, and what is judged again under them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.judgements import JudgementIn
from annotator.api.serializers.rankings import ID
from annotator.services.guidelines.versions import MARKDOWN_LENGTH
from scoring.types import RATINGS

NUMBER: dict[str, Any] = {"min_value": 1, "max_value": 2**31 - 1}


class ExampleIn(JudgementIn):
    """A step with its right rating and why."""

    step = s.IntegerField(**ID)
    rating = s.ChoiceField(choices=RATINGS)
    why = s.CharField(max_length=1_000)


class GuidelinesIn(JudgementIn):
    """The next version; left out examples stay as they are."""

    markdown = s.CharField(allow_blank=True, trim_whitespace=False, max_length=MARKDOWN_LENGTH)
    change = s.CharField(default="", allow_blank=True, max_length=2_000)
    examples = s.ListField(child=ExampleIn(), default=None, allow_null=True, max_length=60)
    based_on = s.IntegerField(
        min_value=0, default=None, allow_null=True, help_text="The version that was edited."
    )


class GuidelinesRow(s.Serializer[Any]):
    """A version without its text."""

    number = s.IntegerField()
    change = s.CharField()
    author = s.CharField(allow_null=True)
    created = s.DateTimeField()


class GuidelinesOut(GuidelinesRow):
    """One version."""

    markdown = s.CharField()
    examples = s.ListField(child=s.DictField())


class GuidelinesList(s.Serializer[Any]):
    """A page of versions, newest first."""

    results = GuidelinesRow(many=True)
    next = s.IntegerField(allow_null=True)


class RelabelIn(JudgementIn):
    """Labels made under older guidelines that are to be judged again; empty lists mean all."""

    name = s.CharField(max_length=100, help_text="Of the queue.")
    versions = s.ListField(child=s.IntegerField(**NUMBER), default=list, max_length=1_000)
    ratings = s.ListField(
        child=s.IntegerField(min_value=-1, max_value=1), default=list, max_length=3
    )
    error_types = s.ListField(child=s.CharField(max_length=40), default=list, max_length=1_000)
    unsure = s.BooleanField(default=False)
    overlap = s.IntegerField(default=1, min_value=1, max_value=100)


class RelabelOut(s.Serializer[Any]):
    """The queue that is being filled."""

    queue = s.IntegerField()
    job = s.IntegerField()
    labels = s.IntegerField(help_text="How many labels the choice holds now.")
