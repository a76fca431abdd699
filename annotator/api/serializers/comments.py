"""Remarks on steps and problems."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.judgements import JudgementIn, RaterOut
from annotator.services.judgements.comments import KINDS


class CommentIn(JudgementIn):
    """A remark, a question about the guidelines (`flag`), or a reply (`answers`)."""

    step = s.IntegerField(default=None, allow_null=True, min_value=1)
    text = s.CharField(max_length=10_000)
    kind = s.ChoiceField(choices=KINDS, default=KINDS[0])
    answers = s.IntegerField(default=None, allow_null=True, min_value=1)


class CommentPatch(JudgementIn):
    """Close a thread or open it again."""

    resolved = s.BooleanField()


class CommentOut(s.Serializer[Any]):
    """A remark as the person may read it."""

    id = s.IntegerField()
    step = s.IntegerField(allow_null=True)
    rater = RaterOut()
    kind = s.ChoiceField(choices=KINDS)
    text = s.CharField()
    answers = s.IntegerField(allow_null=True, help_text="The remark that began the thread.")
    resolved = s.DateTimeField(allow_null=True)
    resolution = s.CharField(help_text="The answer to a question about the guidelines.")
    created = s.DateTimeField()


class CommentList(s.Serializer[Any]):
    """The newest threads, oldest first, each followed by its replies."""

    results = CommentOut(many=True)
    earlier = s.IntegerField(allow_null=True, help_text="Pass as `before`; null = no more.")
