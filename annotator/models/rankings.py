"""Preference rankings at three levels of the tree, one row per person and criterion."""

from __future__ import annotations

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Now

from annotator.models.data import Problem, SourceRecord, Step
from annotator.models.judgements import JudgementEvent, Rater
from annotator.models.projects import GuidelineVersion


class Ranking(models.Model):
    """The order that one rater gave to items of a problem under one criterion ("" = overall).

    ``level`` says what the items are: ``step`` (siblings below ``parent``, judged as steps),
    ``branch`` (the same siblings, judged by where their subtrees lead; ids of steps both) or
    ``trace`` (ids of traces). ``parent`` null = the problem, and always so for traces.

    ``tiers`` lists the items best first, ``[[7], [3, 9]]``: one tier is a tie. ``aside``: items that
    cannot be compared with the others. ``failed``: items that fail the criterion's gate. ``shown``:
    the order on the screen. ``scores``: where the source rated the items on a scale, by item.
    Every item stands once in ``tiers`` or ``aside``. Annotators are never merged here.
    """

    class Level(models.TextChoices):
        STEP = "step", "Steps"
        BRANCH = "branch", "Branches"
        TRACE = "trace", "Traces"

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="rankings", db_index=False)
    level = models.CharField(max_length=6, choices=Level.choices)
    parent = models.ForeignKey(Step, models.CASCADE, null=True, related_name="rankings_below")
    criterion = models.CharField(max_length=40, blank=True, default="")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="rankings")
    source = models.ForeignKey(SourceRecord, models.CASCADE, null=True, related_name="rankings")
    event = models.ForeignKey(JudgementEvent, models.CASCADE, db_index=False, db_constraint=False)
    tiers = models.JSONField()
    aside = models.JSONField(default=list)
    failed = models.JSONField(default=list)
    shown = models.JSONField(default=list)
    scores = models.JSONField(null=True)
    note = models.TextField(blank=True, default="")
    milliseconds = models.IntegerField(null=True)
    guideline = models.ForeignKey(
        GuidelineVersion, models.RESTRICT, null=True, related_name="rankings"
    )
    shown_score = models.BooleanField(null=True)
    meta = models.JSONField(null=True)
    updated = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "problem",
                "level",
                Coalesce("parent", Value(0)),
                "criterion",
                "rater",
                condition=Q(source__isnull=True),
                name="ranking_unique_own",
            ),
            models.CheckConstraint(
                condition=Q(level__in=["step", "branch", "trace"]), name="ranking_level_known"
            ),
            models.CheckConstraint(
                condition=~Q(level="trace") | Q(parent__isnull=True), name="ranking_trace_at_root"
            ),
        ]
        indexes = [
            models.Index(fields=["problem", "level", "parent"], name="ranking_by_place"),
        ]

    def __str__(self) -> str:
        return f"{self.level} ranking of problem {self.problem_id} by {self.rater_id}"
