"""Reward models and their scores."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s


class BehindOut(s.Serializer[Any]):
    """How far a model is behind its project: what its page and its badge say."""

    judgements = s.IntegerField(help_text="Made or imported since its snapshot; at most 1,000.")
    more_judgements = s.BooleanField(help_text="There are more, which are not counted.")
    newer = s.IntegerField(allow_null=True, help_text="Id of the newest version, if it is another.")
    newer_version = s.IntegerField(allow_null=True)
    unscored = s.IntegerField(
        allow_null=True, help_text="Steps without a score of it; null: it has scored nothing."
    )
    words = s.CharField(help_text="The badge; empty if there is nothing to say.")


class ModelOut(s.Serializer[Any]):
    """A reward model with what made it."""

    id = s.IntegerField()
    project = s.CharField()
    name = s.CharField()
    version = s.IntegerField()
    kind = s.CharField()
    base = s.CharField()
    ready = s.BooleanField()
    seed = s.IntegerField(allow_null=True)
    snapshot = s.IntegerField(allow_null=True)
    job = s.IntegerField(allow_null=True)
    data_hash = s.CharField()
    config = s.DictField()
    provenance = s.DictField()
    metrics = s.DictField()
    behind = BehindOut(
        allow_null=True, help_text="Null where you do not review, and of models in training."
    )
    created = s.DateTimeField()


class ModelIn(s.Serializer[Any]):
    """A model to add that scores without being trained here."""

    project = s.CharField(help_text="Name of the project.")
    kind = s.CharField(max_length=40, help_text="A kind that is added, not trained.")
    name = s.CharField(
        max_length=100,
        default="",
        allow_blank=True,
        help_text="Empty: from the model and the kind. The same name again makes the next version.",
    )
    settings = s.DictField(
        child=s.CharField(allow_blank=True, trim_whitespace=False),
        default=dict,
        help_text="The kind's settings by name, as texts.",
    )


class ModelList(s.Serializer[Any]):
    """A page of models, newest first."""

    results = ModelOut(many=True)
    next = s.IntegerField(allow_null=True)


class VoteOut(s.Serializer[Any]):
    """A judge's vote on a step."""

    vote = s.FloatField(help_text="1 right, 0.5 unsure, 0 wrong.")
    reason = s.CharField(allow_blank=True)


class ScoreOut(s.Serializer[Any]):
    """A model's score of a step."""

    id = s.IntegerField()
    problem = s.IntegerField()
    step = s.IntegerField()
    score = s.FloatField(
        allow_null=True, help_text="Null where what is stored is no finite number."
    )
    parts = s.DictField(
        child=s.FloatField(allow_null=True),
        help_text="What the model says besides, by name: an ensemble's disagreement and the scores of its "
        "members, scores by criterion. Empty for most models.",
    )
    votes = VoteOut(many=True, help_text="A judge's, whose mean is the score. Empty for others.")


class ScoreList(s.Serializer[Any]):
    """A page of scores in the order in which they were stored."""

    results = ScoreOut(many=True)
    next = s.IntegerField(allow_null=True)
