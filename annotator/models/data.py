"""Problems, their step trees, traces with outcomes, and the files they came from."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from annotator.models.finite import FiniteField
from annotator.models.projects import Project


class SourceFile(models.Model):
    """A file that was imported (also one that added nothing)."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="source_files")
    format = models.CharField(max_length=40)
    name = models.TextField()
    sha256 = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict)
    created = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Problem(models.Model):
    """A task; the root of its step tree. Equal prompt and reference = the same problem.

    ``key`` is blake2b-16 of both texts: a btree cannot hold long texts. Counters are kept by the
    import so that lists never count steps.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="problems")
    key = models.BinaryField(max_length=16)
    prompt = models.TextField()
    reference = models.TextField(blank=True)
    meta = models.JSONField(default=dict)
    n_steps = models.IntegerField(default=0)
    n_traces = models.IntegerField(default=0)
    max_depth = models.IntegerField(default=0)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="problem_key_unique")
        ]
        indexes = [
            models.Index(fields=["project", "id"], name="problem_by_project"),
            models.Index(fields=["project", "n_steps", "id"], name="problem_by_size"),
        ]

    def __str__(self) -> str:
        return self.prompt[:80]


class SourceRecord(models.Model):
    """One record of an imported file: makes re-import idempotent and export able to give it back.

    ``meta`` holds the source's own record-level fields, never step texts or ratings. ``digest``
    (blake2b-16 of the content) tells a repeat from another record under the same key; rows of
    score files have none, their ``meta`` holds the list.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="source_records")
    problem = models.ForeignKey(Problem, models.CASCADE, related_name="source_records")
    file = models.ForeignKey(SourceFile, models.RESTRICT, related_name="records")
    format = models.CharField(max_length=40)
    key_hash = models.BinaryField(max_length=16)
    key = models.TextField()
    record = models.IntegerField(default=0)
    line = models.IntegerField(null=True)
    meta = models.JSONField(default=dict)
    digest = models.BinaryField(max_length=16, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "format", "key_hash"], name="source_record_key_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.format}:{self.key}"


class Step(models.Model):
    """A node of a problem's tree. The problem itself is the root, at pre-order 0, depth 0.

    ``preorder`` counts from 1; ``subtree_end`` is half open: the subtree of a step is
    ``preorder <= p < subtree_end``. ``text_hash`` (blake2b-16 of text, kind, agent and level)
    finds a merge partner among children. ``source`` is set on nodes of given trees, which never
    merge; flat steps shared by several records have none.
    """

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="steps", db_index=False)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    caller = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="called", db_index=False
    )
    source = models.ForeignKey(SourceRecord, models.SET_NULL, null=True, related_name="steps")
    preorder = models.IntegerField()
    subtree_end = models.IntegerField()
    depth = models.IntegerField()
    kind = models.CharField(max_length=12, default="thought")
    agent = models.TextField(blank=True, default="")
    level = models.CharField(max_length=8, blank=True, default="")
    text = models.TextField()
    text_hash = models.BinaryField(max_length=16)
    state_before = models.TextField(null=True)
    state_after = models.TextField(null=True)
    value = FiniteField(null=True)
    visits = models.IntegerField(null=True)
    n_tokens = models.IntegerField(null=True)
    meta = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["problem", "preorder"],
                name="step_preorder_unique",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(preorder__gte=1, depth__gte=1, subtree_end__gt=F("preorder")),
                name="step_range_valid",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["thought", "action", "observation", "plan", "answer"]),
                name="step_kind_known",
            ),
        ]
        indexes = [
            # Of use when steps are deleted; few steps have a caller.
            models.Index(
                fields=["caller"], condition=Q(caller__isnull=False), name="step_by_caller"
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Trace(models.Model):
    """A path from the problem to ``end`` with its provenance; duplicates keep their multiplicity."""

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="traces", db_index=False)
    end = models.ForeignKey(Step, models.CASCADE, related_name="traces")
    source = models.ForeignKey(SourceRecord, models.SET_NULL, null=True, related_name="traces")
    ordinal = models.IntegerField()
    key = models.TextField(blank=True, default="")
    model = models.TextField(blank=True, default="")
    sampling = models.JSONField(null=True)
    meta = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["problem", "ordinal"], name="trace_ordinal_unique")
        ]

    def __str__(self) -> str:
        return f"trace {self.number} of problem {self.problem_id}"

    @property
    def number(self) -> int:
        """Its place among the traces of the problem as people count, from 1."""
        return self.ordinal + 1


class Outcome(models.Model):
    """A named result of a trace; the current row of its events. Null = unknown, never 0."""

    trace = models.ForeignKey(Trace, models.CASCADE, related_name="outcomes", db_index=False)
    name = models.CharField(max_length=60)
    value = FiniteField(null=True)
    source = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trace", "name"], name="outcome_unique")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
