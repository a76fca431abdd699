"""Rankings and the criteria that people rank by."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.judgements import JudgementIn, RaterOut
from scoring.preference.types import LEVELS

ID: dict[str, Any] = {"min_value": 1, "max_value": 2**63 - 1}
MOST = 4_000


class RankingIn(JudgementIn):
    """An answer under one criterion; ids are of steps, on the level `trace` of traces."""

    level = s.ChoiceField(choices=LEVELS)
    parent = s.IntegerField(  # type: ignore[assignment]
        **ID,
        default=None,
        allow_null=True,
        help_text="Whose children are ranked; null: the problem.",
    )
    criterion = s.CharField(
        default="", allow_blank=True, max_length=40, help_text="Key, empty: overall."
    )
    tiers = s.ListField(
        child=s.ListField(child=s.IntegerField(**ID), max_length=MOST),
        max_length=MOST,
        help_text="Best first; ids of one tier are tied.",
    )
    aside = s.ListField(
        child=s.IntegerField(**ID), default=list, max_length=MOST, help_text="Cannot be compared."
    )
    failed = s.ListField(
        child=s.IntegerField(**ID), default=list, max_length=MOST, help_text="Fail the gate."
    )
    shown = s.ListField(
        child=s.IntegerField(**ID), default=list, max_length=MOST, help_text="Order on the screen."
    )
    note = s.CharField(default="", allow_blank=True, max_length=10_000, trim_whitespace=False)
    milliseconds = s.IntegerField(default=None, allow_null=True, min_value=0, max_value=2**31 - 1)
    shown_score = s.BooleanField(default=None, allow_null=True)


class RankingOut(s.Serializer[Any]):
    """A ranking of one rater under one criterion."""

    id = s.IntegerField()
    level = s.ChoiceField(choices=LEVELS)
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    criterion = s.CharField()
    rater = RaterOut()
    tiers = s.ListField(child=s.ListField(child=s.IntegerField()))
    aside = s.ListField(child=s.IntegerField())
    failed = s.ListField(child=s.IntegerField())
    shown = s.ListField(child=s.IntegerField())
    scores = s.DictField(child=s.FloatField(), allow_null=True)
    note = s.CharField()
    milliseconds = s.IntegerField(allow_null=True)
    guideline = s.IntegerField(allow_null=True)
    updated = s.DateTimeField()


class RankingList(s.Serializer[Any]):
    """A page of rankings, newest first."""

    results = RankingOut(many=True)
    next = s.IntegerField(allow_null=True)


class RankingSaved(s.Serializer[Any]):
    """A stored ranking with the event that holds it."""

    ranking = RankingOut(allow_null=True)
    event = s.IntegerField(allow_null=True)
    replayed = s.BooleanField(help_text="True: this key was answered before.")


class CriterionRow(JudgementIn):
    """A reason to prefer; order in the list is order of importance."""

    key = s.CharField(default="", allow_blank=True, max_length=40, help_text="Never changes.")
    label = s.CharField(max_length=60)  # type: ignore[assignment]
    help = s.CharField(default="", allow_blank=True, max_length=300)
    margin = s.FloatField(default=0)
    gate = s.BooleanField(default=False)
    retired = s.BooleanField(default=False)


class CriteriaIn(s.Serializer[Any]):
    """All criteria, the most important first."""

    criteria = CriterionRow(many=True)


class CriteriaOut(CriteriaIn):
    """All criteria, retired ones included."""
