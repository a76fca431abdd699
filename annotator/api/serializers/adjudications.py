"""Disagreements and final decisions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.judgements import JudgementIn
from annotator.api.serializers.rankings import ID, MOST
from scoring.preference.types import LEVELS
from scoring.types import RATINGS

REASON = "Why, for those who judged otherwise."
OWN = "One of the judgements is the person's own, and they decide all the same."


class RatingIn(JudgementIn):
    """What a reviewer says of a step; null with `unsure`: it cannot be decided."""

    rating = s.ChoiceField(choices=RATINGS, allow_null=True)
    unsure = s.BooleanField(default=False)
    error_type = s.CharField(max_length=40, default="", allow_blank=True)
    realises_error = s.BooleanField(default=False)


class StepDecisionIn(JudgementIn):
    """A decision on a step."""

    decision = RatingIn()
    reason = s.CharField(max_length=4_000, help_text=REASON)
    blind = RatingIn(default=None, allow_null=True, help_text="Said before seeing the others.")
    own = s.BooleanField(default=False, help_text=OWN)


class SpanDecisionIn(StepDecisionIn):
    """A decision on a run of steps as one unit."""

    first = s.IntegerField(**ID)
    last = s.IntegerField(**ID)


class OrderIn(JudgementIn):
    """An order of the items of a place by id; ids of one tier are tied."""

    tiers = s.ListField(
        child=s.ListField(child=s.IntegerField(**ID), max_length=MOST), max_length=MOST
    )
    aside = s.ListField(child=s.IntegerField(**ID), default=list, max_length=MOST)
    failed = s.ListField(child=s.IntegerField(**ID), default=list, max_length=MOST)


class RankingDecisionIn(JudgementIn):
    """A decision on the order at a place under one criterion."""

    level = s.ChoiceField(choices=LEVELS)
    parent = s.IntegerField(**ID, default=None, allow_null=True)  # type: ignore[assignment]
    criterion = s.CharField(default="", allow_blank=True, max_length=40)
    decision = OrderIn()
    reason = s.CharField(max_length=4_000, help_text=REASON)
    blind = OrderIn(default=None, allow_null=True, help_text="Said before seeing the others.")
    own = s.BooleanField(default=False, help_text=OWN)


class DecisionOut(s.Serializer[Any]):
    """A final decision."""

    step = s.IntegerField(allow_null=True)
    first = s.IntegerField(allow_null=True, help_text="Of a span.")
    last = s.IntegerField(allow_null=True, help_text="Of a span.")
    level = s.CharField(help_text="Empty: a step's rating; `span`: that of a run of steps.")
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    criterion = s.CharField()
    decision = s.DictField()
    blind = s.DictField(allow_null=True)
    reason = s.CharField()
    by = s.CharField()
    updated = s.DateTimeField()


class DecisionFound(s.Serializer[Any]):
    """The decision at a place."""

    decision = DecisionOut(allow_null=True, help_text="Null: nothing is decided.")


class DecisionSaved(DecisionFound):
    """What stands now, with the event that made it."""

    event = s.IntegerField(allow_null=True, help_text="Null: nothing changed.")
    replayed = s.BooleanField()


class DisagreementOut(s.Serializer[Any]):
    """What people judged differently."""

    problem = s.IntegerField()
    step = s.IntegerField(allow_null=True)
    first = s.IntegerField(allow_null=True, help_text="Of a span.")
    last = s.IntegerField(allow_null=True, help_text="Of a span.")
    level = s.CharField(help_text="Empty: a step; `span`: a run of steps; else a ranking's.")
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    criterion = s.CharField()
    severity = s.IntegerField(help_text="0 to 100, the worst is 100.")
    people = s.IntegerField()


class DisagreementList(s.Serializer[Any]):
    """A page, the worst first."""

    results = DisagreementOut(many=True)
    next = s.CharField(help_text="`after` of the next page, empty: none.")
