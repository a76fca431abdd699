"""Gold answers, final decisions, resolved contradictions and cached agreement reports."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Now

from annotator.models.data import Problem, Step, Trace
from annotator.models.jobs import Job
from annotator.models.judgements import JudgementEvent, Rater
from annotator.models.projects import Project


class Gold(models.Model):
    """A known answer, hidden from annotators.

    ``task`` as in ``Queue.Task``. ``answer``: for rating tasks ``{"ratings": {step id: -1|0|1},
    "first_error": step id or null}``; for rankings ``{"tiers": [[id]], "failed": [id]}``.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="golds")
    problem = models.ForeignKey(Problem, models.CASCADE, related_name="golds")
    trace = models.ForeignKey(Trace, models.CASCADE, null=True, related_name="golds")
    parent = models.ForeignKey(Step, models.CASCADE, null=True, related_name="golds_below")
    task = models.CharField(max_length=12)
    answer = models.JSONField()
    note = models.TextField(blank=True, default="")
    active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "problem",
                "task",
                Coalesce("trace", Value(0)),
                Coalesce("parent", Value(0)),
                name="gold_unique",
            )
        ]

    def __str__(self) -> str:
        return f"gold answer of problem {self.problem_id}"


class Adjudication(models.Model):
    """A reviewer's final decision on a step, a span or a ranking; the judgements it decides on stay.

    ``level``: "" = the rating of ``step``, ``span`` = that of the run ``first`` … ``last``, else a
    ranking's. ``decision`` has the layout of the judged thing's state (see ``services.history.layout``); ``blind``
    is what the reviewer said before seeing the others.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="adjudications")
    problem = models.ForeignKey(Problem, models.CASCADE, related_name="adjudications")
    step = models.ForeignKey(Step, models.CASCADE, null=True, related_name="adjudications")
    first = models.ForeignKey(
        Step, models.CASCADE, null=True, related_name="adjudications_from", db_index=False
    )
    last = models.ForeignKey(
        Step, models.CASCADE, null=True, related_name="adjudications_to", db_index=False
    )
    level = models.CharField(max_length=6, blank=True, default="")
    parent = models.ForeignKey(
        Step, models.CASCADE, null=True, related_name="adjudications_below", db_index=False
    )
    criterion = models.CharField(max_length=40, blank=True, default="")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="adjudications", db_index=False)
    event = models.ForeignKey(JudgementEvent, models.CASCADE, db_index=False, db_constraint=False)
    decision = models.JSONField()
    blind = models.JSONField(null=True)
    reason = models.TextField()
    updated = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["step"], condition=Q(level=""), name="adjudication_unique_step"
            ),
            models.UniqueConstraint(
                "problem",
                "level",
                Coalesce("parent", Value(0)),
                "criterion",
                condition=~Q(level__in=["", "span"]),
                name="adjudication_unique_ranking",
            ),
            models.UniqueConstraint(
                fields=["first", "last"],
                condition=Q(level="span"),
                name="adjudication_unique_span",
            ),
            models.CheckConstraint(
                condition=Q(level="", step__isnull=False, first__isnull=True, last__isnull=True)
                | Q(level="span", step__isnull=True, first__isnull=False, last__isnull=False)
                | (
                    ~Q(level__in=["", "span"])
                    & Q(step__isnull=True, first__isnull=True, last__isnull=True)
                ),
                name="adjudication_of_one_thing",
            ),
        ]
        indexes = [
            # Of use when steps are deleted; few decisions have them.
            models.Index(
                fields=["first"],
                condition=Q(first__isnull=False),
                name="adjudication_by_first",
            ),
            models.Index(
                fields=["last"], condition=Q(last__isnull=False), name="adjudication_by_last"
            ),
        ]

    def __str__(self) -> str:
        return f"decision on problem {self.problem_id}"


class Resolution(models.Model):
    """What a reviewer says of a contradiction between judgements, which all stay as they are.

    ``contradiction`` names it by what contradicts what, not by its words (see
    ``queries.rankings.questions``): while it is the same one, it stays resolved.
    """

    class Kept(models.TextChoices):
        FIRST = "first", "The first holds"
        SECOND = "second", "The second holds"
        BOTH = "both", "Both are meant so"

    project = models.ForeignKey(Project, models.CASCADE, related_name="resolutions", db_index=False)
    problem = models.ForeignKey(Problem, models.CASCADE, related_name="resolutions", db_index=False)
    contradiction = models.CharField(max_length=1_000)
    kept = models.CharField(max_length=6, choices=Kept.choices)
    reason = models.TextField()
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="resolutions", db_index=False)
    event = models.ForeignKey(JudgementEvent, models.CASCADE, db_index=False, db_constraint=False)
    updated = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["problem", "contradiction"], name="resolution_unique"),
            models.CheckConstraint(
                condition=Q(kept__in=["first", "second", "both"]), name="resolution_kept_known"
            ),
        ]

    def __str__(self) -> str:
        return f"resolution in problem {self.problem_id}: {self.kept}"


class AgreementReport(models.Model):
    """Agreement and quality figures computed from the judgements up to an event.

    ``version`` is the newest event of the project that the figures know, ``gold_changes`` the
    project's count of changes of gold; ``scope`` is what they are about (queue, guideline version,
    rater kinds).
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="agreement_reports")
    scope = models.JSONField(default=dict)
    scope_hash = models.CharField(max_length=32)
    version = models.BigIntegerField()
    gold_changes = models.BigIntegerField(default=0)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="agreement_reports")
    payload = models.JSONField()
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "scope_hash", "version"], name="agreement_report_unique"
            )
        ]

    def __str__(self) -> str:
        return f"agreement in project {self.project_id} at event {self.version}"
