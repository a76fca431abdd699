"""Immutable curated selections and the files made from them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from annotator.models.data import Problem, Trace
from annotator.models.finite import FiniteField
from annotator.models.jobs import Job
from annotator.models.projects import Project


class Snapshot(models.Model):
    """Problems, steps, labels and outcomes as they were when it was made.

    ``rules``: aggregate, neutral policy, rater kinds and their rank. ``hash``: sha256 over the canonical content.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="snapshots")
    name = models.CharField(max_length=100)
    filter = models.JSONField(default=dict)
    rules = models.JSONField(default=dict)
    hash = models.CharField(max_length=64, blank=True, default="")
    counts = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="snapshot_name_unique")
        ]

    def __str__(self) -> str:
        return self.name


class SnapshotProblem(models.Model):
    """A problem in a snapshot. Steps and traces added later have larger ids and are left out.

    ``extras``: ``max_record`` (the last imported record), and ``spans``, ``alternatives`` and
    ``rankings``, frozen as lists of rows with ids of steps, raters and records.
    """

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="problems", db_index=False)
    problem = models.ForeignKey(Problem, models.RESTRICT, related_name="+")
    split = models.CharField(max_length=12)
    max_step = models.BigIntegerField()
    max_trace = models.BigIntegerField()
    extras = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "problem"], name="snapshot_problem_unique")
        ]

    def __str__(self) -> str:
        return f"problem {self.problem_id} in {self.snapshot_id}"


class SnapshotLabel(models.Model):
    """A frozen copy of one label row, in the shape of ``StepLabel``.

    ``adjudicated``: the row is a reviewer's final decision on the step.

    Rows are copied from checked ones in one statement; the database does not check their keys a
    second time, which would take five times as long as the copy.
    """

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="labels", db_index=False)
    problem = models.ForeignKey(
        Problem, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    step = models.ForeignKey(
        "annotator.Step", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    rater = models.ForeignKey(
        "annotator.Rater", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    source = models.ForeignKey(
        "annotator.SourceRecord",
        models.CASCADE,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    event_id = models.BigIntegerField()
    rating = models.SmallIntegerField(null=True)
    unsure = models.BooleanField(default=False)
    error_type = models.CharField(max_length=40, blank=True, default="")
    realises_error = models.BooleanField(default=False)
    adjudicated = models.BooleanField(db_default=False)
    note = models.TextField(blank=True, default="")
    milliseconds = models.IntegerField(null=True)
    meta = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["snapshot", "problem"], name="snapshot_label_by_problem")]

    def __str__(self) -> str:
        return f"{self.rating} for step {self.step_id} in {self.snapshot_id}"


class SnapshotOutcome(models.Model):
    """A frozen copy of one outcome row; keys as in ``SnapshotLabel``."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="outcomes", db_index=False)
    problem = models.ForeignKey(
        Problem, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    trace = models.ForeignKey(
        Trace, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    name = models.CharField(max_length=60)
    value = FiniteField(null=True)
    source = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["snapshot", "problem"], name="snapshot_outcome_by_problem")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value} in {self.snapshot_id}"


class Export(models.Model):
    """Files made from a snapshot, with the manifest that says what is in them."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="exports")
    snapshot = models.ForeignKey(Snapshot, models.RESTRICT, related_name="exports")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="exports")
    format = models.CharField(max_length=40)
    options = models.JSONField(default=dict)
    path = models.TextField()
    rows = models.BigIntegerField(default=0)
    excluded = models.JSONField(default=dict)
    files = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.format} of {self.snapshot_id}"
