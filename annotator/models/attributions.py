"""What attribution methods found inside paths."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from annotator.models.data import Step
from annotator.models.jobs import Job
from annotator.models.scores import RewardModel


class Attribution(models.Model):
    """Credit of every token on the path to ``end``, as ``scoring.attribution.stored`` writes it.

    ``digest`` names method, version and parameters; a path has one row per model and digest. ``texts``
    is the hash of the texts that were read: where it differs from that of the texts now, the row is
    stale. ``facts``: everything but the arrays, which stand one after another in ``arrays``; the
    entry ``places`` says where each begins and how many bytes it has.
    """

    model = models.ForeignKey(RewardModel, models.CASCADE, related_name="attributions")
    end = models.ForeignKey(Step, models.CASCADE, related_name="attributions")
    method = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    texts = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    arrays = models.BinaryField()
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="attributions")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["end", "model", "digest"], name="attribution_unique")
        ]

    def __str__(self) -> str:
        return f"{self.method} of the path to step {self.end_id}"


class FaithfulnessCard(models.Model):
    """How a method did when it was tried on a model; ``checks`` as the tests of the core say it."""

    model = models.ForeignKey(RewardModel, models.CASCADE, related_name="faithfulness_cards")
    method = models.CharField(max_length=40)
    version = models.CharField(max_length=10)
    passed = models.BooleanField()
    checks = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="faithfulness_cards")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "method"], name="faithfulness_card_unique")
        ]

    def __str__(self) -> str:
        return f"{self.method} on {self.model_id}: {'passed' if self.passed else 'failed'}"
