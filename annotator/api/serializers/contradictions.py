"""Contradictions between judgements, and what reviewers say of them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.judgements import JudgementIn
from annotator.models import Resolution
from annotator.services.rankings.contradictions import REASON_LIMIT


class ResolutionIn(JudgementIn):
    """What holds, and why."""

    contradiction = s.CharField(max_length=1_000)
    kept = s.ChoiceField(choices=Resolution.Kept.choices)
    reason = s.CharField(max_length=REASON_LIMIT)


class ResolutionOut(s.Serializer[Any]):
    """What a reviewer said."""

    kept = s.ChoiceField(choices=Resolution.Kept.choices)
    reason = s.CharField()
    by = s.CharField()
    updated = s.DateTimeField()


class ContradictionOut(s.Serializer[Any]):
    """A contradiction; `sides` are what `first` and `second` say holds."""

    contradiction = s.CharField(help_text="Its name.")
    kind = s.CharField()
    level = s.CharField()
    criterion = s.CharField()
    items = s.ListField(child=s.IntegerField())
    sentence = s.CharField()
    sides = s.ListField(child=s.CharField())
    resolution = ResolutionOut(allow_null=True, help_text="Null: open.")


class ContradictionList(s.Serializer[Any]):
    """The contradictions of a problem."""

    results = ContradictionOut(many=True)


class ResolutionSaved(s.Serializer[Any]):
    """What stands now, with the event that made it."""

    resolution = ResolutionOut(allow_null=True)
    event = s.IntegerField(allow_null=True, help_text="Null: nothing changed.")
    replayed = s.BooleanField()
