"""Jobs, their metrics, workers and uploads. A job's truth is its row; a message only wakes."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotator.models.projects import Project


class Worker(models.Model):
    """A worker process; its health is its heartbeat, not remote control."""

    class Kind(models.TextChoices):
        IO = "io", "Imports and exports"
        GPU = "gpu", "Training and scoring"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=4, choices=Kind.choices)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    device = models.CharField(max_length=80, default="cpu")
    started = models.DateTimeField(db_default=Now())
    heartbeat = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.kind} worker {self.host}:{self.pid}"


class Job(models.Model):
    """A piece of background work.

    ``fence`` grows at every claim; a writer must hold the current one, so a worker that was
    thought dead cannot write over its successor.
    """

    class Kind(models.TextChoices):
        IMPORT = "scoring.import", "Import"
        EXPORT = "scoring.export", "Export"
        SNAPSHOT = "scoring.snapshot", "Snapshot"
        SAMPLE = "scoring.sample", "Sample project"
        QUEUE = "scoring.queue", "Queue"
        AGREEMENT = "scoring.agreement", "Agreement"
        ANSWERS = "scoring.answers", "Check of answers"
        EVALUATE = "scoring.evaluate", "Evaluation"
        EDITS = "scoring.edits", "Evaluation by reading"
        TRAIN = "scoring.train", "Train"
        SCORE = "scoring.score", "Score"
        JUDGE = "scoring.judge", "Judge"
        ATTRIBUTE = "scoring.attribute", "Attribution"
        FAITHFUL = "scoring.faithful", "Faithfulness"

        @property
        def queue(self) -> Worker.Kind:
            """The queue of this kind; queues are called like the workers that read them."""
            return Worker.Kind.GPU if self in READS_MODELS else Worker.Kind.IO

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    args = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    fence = models.PositiveIntegerField(default=0)
    worker = models.ForeignKey(Worker, models.SET_NULL, null=True, related_name="jobs")
    heartbeat = models.DateTimeField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    message = models.TextField(blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(db_default=Now())
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)

    unwoken = ""
    """Why the workers could not be told of this job just now; not stored, it wakes up later."""

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="job_by_project"),
            models.Index(
                fields=["kind", "id"], condition=Q(state__in=["queued", "running"]), name="job_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.state}"

    @property
    def queue(self) -> Worker.Kind:
        """The queue that carries this job's messages."""
        return Job.Kind(self.kind).queue


# Kinds that load a model, and so go to the gpu worker's child.
READS_MODELS = frozenset(
    {
        Job.Kind.TRAIN,
        Job.Kind.SCORE,
        Job.Kind.EDITS,
        Job.Kind.ATTRIBUTE,
        Job.Kind.FAITHFUL,
    }
)


class JobMetric(models.Model):
    """One point of a curve. ``step`` is the optimiser step (training) or the item (others)."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="metrics", db_index=False)
    step = models.IntegerField()
    name = models.CharField(max_length=60)
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "name", "step"], name="job_metric_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name}[{self.step}] = {self.value}"


class Upload(models.Model):
    """A file a person sent; ``path`` is relative to the artefact store."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    name = models.TextField()
    path = models.TextField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
