"""Who judged what. Events are the truth; label rows are projections that can be rebuilt."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now

from annotator.models.data import Problem, SourceRecord, Step, Trace
from annotator.models.projects import ErrorType, GuidelineVersion, Project


class Rater(models.Model):
    """A person, an imported labeler, a checker or a model: never merged, never confused."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        IMPORTED = "imported", "Imported"
        MACHINE = "machine", "Machine"
        MODEL = "model", "Model"

    project = models.ForeignKey(Project, models.CASCADE, related_name="raters")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.TextField()
    version = models.CharField(max_length=60, blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="raters"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "name", "version"], name="rater_unique"
            ),
            models.UniqueConstraint(
                fields=["project", "user"], condition=Q(user__isnull=False), name="rater_of_user"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"

    @property
    def automatic_in_source(self) -> bool:
        """Whether a program of the data's authors made the labels, as ``math-shepherd:monte-carlo``.

        Tracewood's own checkers are called ``checker:…``.
        """
        made_elsewhere = ":" in self.name and not self.name.startswith("checker:")
        return self.kind == self.Kind.MACHINE and made_elsewhere


class JudgementEvent(models.Model):
    """One change of a judgement, append-only.

    The rows that follow from events name theirs without a key that the database checks: both are
    written in one transaction and deleted only with their project, and a check per event would scan
    those rows each time.

    ``payload`` is the new state of the target (null fields included); ``before`` the state it
    replaced, so that undo is another event. An ``import`` event carries all judgements of one
    source record. Events of one ``action`` (a rating applied to the rest of a trace) are undone together.
    """

    class Kind(models.TextChoices):
        STEP_LABEL = "step_label", "Step label"
        SPAN_LABEL = "span_label", "Span label"
        ALTERNATIVE = "alternative", "Alternative"
        OUTCOME = "outcome", "Outcome"
        RANKING = "ranking", "Ranking"
        SUBMISSION = "submission", "Submission"
        ADJUDICATION = "adjudication", "Adjudication"
        RESOLUTION = "resolution", "Resolution of a contradiction"
        IMPORT = "import", "Import"

    id: int
    project = models.ForeignKey(Project, models.CASCADE, related_name="events", db_index=False)
    problem = models.ForeignKey(Problem, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    rater = models.ForeignKey(Rater, models.CASCADE, null=True, db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False)
    source = models.ForeignKey(SourceRecord, models.SET_NULL, null=True, db_index=False)
    step = models.ForeignKey(Step, models.CASCADE, null=True, db_index=False)
    trace = models.ForeignKey(Trace, models.CASCADE, null=True, db_index=False)
    payload = models.JSONField()
    before = models.JSONField(null=True)
    undoes = models.ForeignKey("self", models.CASCADE, null=True, related_name="undone_by")
    idempotency_key = models.UUIDField(null=True)
    action = models.UUIDField(null=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key"], name="event_idempotency_unique")
        ]
        indexes = [
            models.Index(fields=["problem", "user", "id"], name="event_by_problem_user"),
            models.Index(fields=["step", "id"], name="event_by_step"),
            models.Index(fields=["project", "id"], name="event_by_project"),
            # Of use when traces and records are deleted; few events have them.
            models.Index(fields=["trace"], condition=Q(trace__isnull=False), name="event_by_trace"),
            models.Index(
                fields=["source"], condition=Q(source__isnull=False), name="event_by_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} event {self.pk}"


class StepLabel(models.Model):
    """The current judgement of a step by a rater: rating -1, 0, +1 or null (not 0)."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="labels", db_index=False)
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="labels")
    source = models.ForeignKey(SourceRecord, models.CASCADE, null=True, related_name="labels")
    event = models.ForeignKey(JudgementEvent, models.CASCADE, db_index=False, db_constraint=False)
    rating = models.SmallIntegerField(null=True)
    unsure = models.BooleanField(default=False)
    error_type = models.ForeignKey(ErrorType, models.RESTRICT, null=True, related_name="labels")
    realises_error = models.BooleanField(default=False)
    note = models.TextField(blank=True, default="")
    milliseconds = models.IntegerField(null=True)
    guideline = models.ForeignKey(
        GuidelineVersion, models.RESTRICT, null=True, related_name="labels"
    )
    shown_score = models.BooleanField(null=True)
    meta = models.JSONField(null=True)
    updated = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # One index for own and imported labels, which also finds all labels of a step.
            models.UniqueConstraint(
                "step", "rater", Coalesce("source", Value(0)), name="label_unique"
            ),
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__in=[-1, 0, 1]),
                name="label_rating_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating} for step {self.step_id}"


class SpanLabel(models.Model):
    """A judgement of the steps ``first`` … ``last`` of one path as one unit."""

    first = models.ForeignKey(Step, models.CASCADE, related_name="spans_from")
    last = models.ForeignKey(Step, models.CASCADE, related_name="spans_to")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="spans")
    source = models.ForeignKey(SourceRecord, models.CASCADE, null=True, related_name="spans")
    event = models.ForeignKey(JudgementEvent, models.CASCADE, db_index=False, db_constraint=False)
    rating = models.SmallIntegerField(null=True)
    error_type = models.ForeignKey(ErrorType, models.RESTRICT, null=True, related_name="spans")
    note = models.TextField(blank=True, default="")
    milliseconds = models.IntegerField(null=True)
    guideline = models.ForeignKey(
        GuidelineVersion, models.RESTRICT, null=True, related_name="spans"
    )
    updated = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first", "last", "rater"],
                condition=Q(source__isnull=True),
                name="span_unique_own",
            ),
            models.UniqueConstraint(
                fields=["first", "last", "rater", "source"],
                condition=Q(source__isnull=False),
                name="span_unique_source",
            ),
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__in=[-1, 0, 1]),
                name="span_rating_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating} for steps {self.first_id}-{self.last_id}"


class Alternative(models.Model):
    """A replacement step: what should have stood after ``parent`` (null = the problem)."""

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="alternatives")
    parent = models.ForeignKey(Step, models.CASCADE, null=True, related_name="alternatives_below")
    replaces = models.ForeignKey(Step, models.SET_NULL, null=True, related_name="alternatives")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="alternatives")
    source = models.ForeignKey(SourceRecord, models.CASCADE, null=True, related_name="alternatives")
    event = models.ForeignKey(JudgementEvent, models.CASCADE, db_index=False, db_constraint=False)
    text = models.TextField()
    meta = models.JSONField(null=True)
    updated = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(replaces__isnull=True)
                | Q(parent__isnull=True)
                | ~Q(replaces=F("parent")),
                name="alternative_replaces_a_child",
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]
