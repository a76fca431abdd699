"""Reward models and what they said of steps and tokens."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from annotator.models.data import Step
from annotator.models.datasets import Snapshot
from annotator.models.finite import FiniteField
from annotator.models.jobs import Job
from annotator.models.projects import Project


class RewardModel(models.Model):
    """A model that scores steps: trained here, or known only by its imported scores.

    ``artefact`` is relative to the artefact store; empty for kind ``imported``. ``parts`` names what it
    says of a step beside the score, in the order of ``StepScore.parts``: ``[[name, unit], …]``.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="reward_models")
    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=40)
    base = models.TextField(blank=True, default="")
    config = models.JSONField(default=dict)
    seed = models.BigIntegerField(null=True)
    snapshot = models.ForeignKey(Snapshot, models.RESTRICT, null=True, related_name="models")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="models")
    artefact = models.TextField(blank=True, default="")
    data_hash = models.CharField(max_length=64, blank=True, default="")
    provenance = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    parts = models.JSONField(default=list)
    ready = models.BooleanField(default=False)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name", "version"], name="reward_model_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class StepScore(models.Model):
    """A model's score of a step: a probability in [0, 1] for a PRM.

    ``parts``: further numbers, named by the model (an ensemble's disagreement, scores by criterion);
    NULL where the model says the score alone.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="scores", db_index=False)
    model = models.ForeignKey(RewardModel, models.CASCADE, related_name="step_scores")
    score = FiniteField()
    parts = ArrayField(FiniteField(), null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "model"], name="step_score_unique")]

    def __str__(self) -> str:
        return f"{self.score} for step {self.step_id}"


class TokenScore(models.Model):
    """The running reward inside a step, packed.

    ``ends``: little-endian int32, the character end of each token in the step's text; a token
    starts where the one before ended. ``running``: little-endian float32, the reward after each
    token. ``start``: the reward before the first token. Length = number of tokens. A reward that the
    model did not give as a finite number is NaN.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="token_scores", db_index=False)
    model = models.ForeignKey(RewardModel, models.CASCADE, related_name="token_scores")
    start = models.FloatField()
    ends = models.BinaryField()
    running = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "model"], name="token_score_unique")]

    def __str__(self) -> str:
        return f"{len(self.running) // 4} tokens of step {self.step_id}"
