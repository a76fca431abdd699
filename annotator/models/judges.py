"""What generative judges were asked, what it cost, and why they said what they said."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from annotator.models.data import Step
from annotator.models.jobs import Job
from annotator.models.projects import Project
from annotator.models.scores import RewardModel


class JudgeAnswer(models.Model):
    """What a server answered, so that nothing is paid for twice.

    ``key`` is a hash of all that the answer depends on: server, model, sampling, seed and the whole
    question. Answers stay within the project whose texts they are about.
    """

    project = models.ForeignKey(Project, models.CASCADE, db_index=False)
    key = models.CharField(max_length=64)
    text = models.TextField()
    tokens_in = models.IntegerField()
    tokens_out = models.IntegerField()
    cut = models.BooleanField()
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="judge_answer_unique")
        ]

    def __str__(self) -> str:
        return f"answer {self.key[:8]}"


class JudgeAccount(models.Model):
    """What one scoring job of a judge has used, and how far it came.

    ``failures``: reason → number of questions that failed and answers that could not be read.
    ``left_out``: reason → number of steps without a score, in the problems up to ``reached``: those
    are not asked about again by this job.
    """

    model = models.ForeignKey(RewardModel, models.CASCADE, related_name="accounts")
    job = models.OneToOneField(Job, models.CASCADE, related_name="account")
    requests = models.BigIntegerField(default=0)
    cached = models.BigIntegerField(default=0)
    tokens_in = models.BigIntegerField(default=0)
    tokens_out = models.BigIntegerField(default=0)
    cost = models.FloatField(default=0.0)
    failures = models.JSONField(default=dict)
    left_out = models.JSONField(default=dict)
    reached = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"account of job {self.job_id}"


class StepVerdict(models.Model):
    """Why a judge scored a step as it did: its votes (1 right, 0.5 unsure, 0 wrong) with reasons."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="verdicts", db_index=False)
    model = models.ForeignKey(RewardModel, models.CASCADE, related_name="verdicts")
    votes = models.JSONField()
    reasons = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "model"], name="step_verdict_unique")
        ]

    def __str__(self) -> str:
        return f"{len(self.votes)} votes on step {self.step_id}"
