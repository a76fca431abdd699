"""Quality figures, gold answers and pauses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.models import Membership, Queue


class EstimateOut(s.Serializer[Any]):
    """A number with its interval, or the reason why there is none."""

    value = s.FloatField(allow_null=True)
    low = s.FloatField(allow_null=True)
    high = s.FloatField(allow_null=True)
    n = s.IntegerField()
    method = s.CharField(help_text="How the interval was made.")
    undefined = s.CharField(help_text='Why there is no value, "" = there is one.')
    notes = s.ListField(child=s.CharField())


class RatingShareOut(s.Serializer[Any]):
    """How often one rating was given."""

    rating = s.CharField()
    count = s.IntegerField()
    share = EstimateOut()


class PersonOut(s.Serializer[Any]):
    """One annotator's work; of one's own gold, only answers before today count."""

    id = s.IntegerField()
    username = s.CharField()
    role = s.ChoiceField(choices=Membership.Role.choices)
    paused = s.CharField(help_text='What they were told, "" = they are served items.')
    items = s.IntegerField(help_text="Answers to queue items, exams left out.")
    skipped = s.IntegerField()
    labels = s.IntegerField()
    time = EstimateOut(help_text="Milliseconds per step: median and quartiles.")
    accuracy = EstimateOut(help_text="Share of gold answered rightly.")
    parts = EstimateOut(help_text="Share of right steps or pairs in those answers.")
    change = EstimateOut(help_text="Accuracy in the last third minus that in the first.")
    ratings = RatingShareOut(many=True)
    accuracy_over_time = s.ListField(
        child=s.ListField(child=s.FloatField()), help_text="[gold answers so far, accuracy]"
    )
    pace_over_time = s.ListField(
        child=s.ListField(child=s.FloatField()), help_text="[steps so far, median seconds]"
    )


class ArmOut(s.Serializer[Any]):
    """Answers with scores shown, without, or the difference."""

    name = s.CharField()
    answers = s.IntegerField()
    steps = s.IntegerField()
    agreement = EstimateOut()
    override = EstimateOut()
    time = EstimateOut()
    accuracy = EstimateOut()


class QualityOut(s.Serializer[Any]):
    """Everybody and the arms for reviewers; for annotators themselves and no arms."""

    results = PersonOut(many=True)
    arms = ArmOut(many=True)


class GoldIn(s.Serializer[Any]):
    """Records, or the same as text: JSON, JSON lines or CSV."""

    records = s.ListField(
        child=s.DictField(),
        required=False,
        help_text="`task` and `trace` with `ratings` or `first_error` (the step's number, null = "
        "none), or `task`, `problem` and `parent` with `tiers`. Instead of an answer `from`: `own`, "
        "what you said of it, or `decision`, the final one on a ranking.",
    )
    text = s.CharField(required=False, max_length=2_000_000, trim_whitespace=False)


class GoldOut(s.Serializer[Any]):
    """A gold answer; reviewers and owners only."""

    id = s.IntegerField()
    task = s.ChoiceField(choices=Queue.Task.choices)
    problem = s.IntegerField()
    trace = s.IntegerField(allow_null=True)
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    answer = s.JSONField()
    note = s.CharField(allow_blank=True)
    active = s.BooleanField()
    answers = s.IntegerField(help_text="How often it was answered.")
    right = s.IntegerField()
    created = s.DateTimeField()


class GoldList(s.Serializer[Any]):
    """One page of gold answers."""

    results = GoldOut(many=True)
    next = s.IntegerField(allow_null=True)


class GoldErrorOut(s.Serializer[Any]):
    """A refused record."""

    record = s.IntegerField(help_text="Its number from 1.")
    reason = s.CharField()


class GoldMade(s.Serializer[Any]):
    """What became of the records."""

    accepted = s.IntegerField()
    rejected = s.IntegerField()
    gold = s.ListField(child=s.IntegerField())
    refused = GoldErrorOut(many=True)


class GoldPatch(s.Serializer[Any]):
    """What may change; a new answer is made by keeping the record again."""

    active = s.BooleanField(required=False)
    note = s.CharField(required=False, allow_blank=True, max_length=2_000)


class PauseIn(s.Serializer[Any]):
    """Why; the member reads it."""

    reason = s.CharField(max_length=1_000)
