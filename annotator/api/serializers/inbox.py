"""Questions about the guidelines and their answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.guidelines import NUMBER
from annotator.api.serializers.judgements import JudgementIn


class AnswerIn(JudgementIn):
    """An answer to a question or an unsure rating."""

    answer = s.CharField(max_length=4_000)
    guideline = s.IntegerField(
        **NUMBER, default=None, allow_null=True, help_text="Number of the version it led to."
    )


class QuestionOut(s.Serializer[Any]):
    """Something that somebody was not sure about, and the answer."""

    comment = s.IntegerField(allow_null=True)
    label_id = s.IntegerField(allow_null=True, help_text="Of an open unsure rating.")
    by = s.CharField()
    problem = s.IntegerField()
    step = s.IntegerField(allow_null=True)
    text = s.CharField()
    at = s.DateTimeField()
    answer = s.CharField()
    answered_by = s.CharField()
    guideline = s.IntegerField(allow_null=True)


class QuestionList(s.Serializer[Any]):
    """A page, newest first."""

    results = QuestionOut(many=True)
    next = s.IntegerField(allow_null=True)
