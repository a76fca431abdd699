"""Evaluations of reward models: what was measured, on what, and what came out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from annotator.models.datasets import Snapshot
from annotator.models.jobs import Job
from annotator.models.projects import Project
from annotator.models.scores import RewardModel


class Evaluation(models.Model):
    """A model's stored scores measured on a snapshot; with ``against``, two models compared.

    ``suites``: ``[[key, parameters]]`` in the order of their results. ``counts``: what it rests on, in
    numbers. ``known``: what was there when it was made (newest judgement event, and of each model the
    number of scores, the newest, and a sum over their values), from which a page tells that something has changed since.
    """

    class Part(models.TextChoices):
        UNSEEN = "unseen", "Problems not trained on"
        TEST = "test", "Test split, not trained on"
        ALL = "all", "All problems"

    project = models.ForeignKey(Project, models.CASCADE, related_name="evaluations")
    model = models.ForeignKey(RewardModel, models.CASCADE, related_name="evaluations")
    against = models.ForeignKey(
        RewardModel, models.CASCADE, null=True, related_name="evaluations_against"
    )
    snapshot = models.ForeignKey(Snapshot, models.RESTRICT, related_name="evaluations")
    part = models.CharField(max_length=6, choices=Part.choices)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="evaluations")
    suites = models.JSONField()
    counts = models.JSONField(default=dict)
    known = models.JSONField(default=dict)
    ready = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"evaluation {self.pk} of model {self.model_id}"


class EvaluationResult(models.Model):
    """What one suite found: its report as JSON, or the reason why there is none.

    ``report`` is that of ``scoring.evaluation``: a ``Report`` (of one model, or of a distance) or a
    ``Comparison``. ``protocol`` is the hash that stands on each of its numbers.
    """

    evaluation = models.ForeignKey(
        Evaluation, models.CASCADE, related_name="results", db_index=False
    )
    place = models.PositiveSmallIntegerField()
    suite = models.CharField(max_length=40)
    protocol = models.CharField(max_length=16, blank=True, default="")
    report = models.JSONField(null=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "place"], name="evaluation_result_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(report__isnull=False, reason="")
                | (models.Q(report__isnull=True) & ~models.Q(reason="")),
                name="evaluation_result_or_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.suite} of evaluation {self.evaluation_id}"
