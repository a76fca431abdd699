"""What people say beside their ratings: how they ended an item, and comments and flags."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Now

from annotator.models.data import Problem, Step, Trace
from annotator.models.judgements import JudgementEvent, Rater
from annotator.models.projects import GuidelineVersion, Project


class Submission(models.Model):
    """How a person ended the judging of a trace (null = of the problem as a whole).

    The reasons are PRM800K's ``finish_reason``; a give-up and a bad problem say why in ``note``.
    """

    class Reason(models.TextChoices):
        SOLUTION = "solution", "All steps rated"
        FOUND_ERROR = "found_error", "Stopped at the first error"
        GIVE_UP = "give_up", "Gave up"
        BAD_PROBLEM = "bad_problem", "The problem is faulty"

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="submissions")
    trace = models.ForeignKey(Trace, models.CASCADE, null=True, related_name="submissions")
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="submissions")
    event = models.ForeignKey(JudgementEvent, models.CASCADE, db_index=False, db_constraint=False)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    note = models.TextField(blank=True, default="")
    milliseconds = models.IntegerField(null=True)
    guideline = models.ForeignKey(
        GuidelineVersion, models.RESTRICT, null=True, related_name="submissions"
    )
    updated = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "problem", Coalesce("trace", Value(0)), "rater", name="submission_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason} for problem {self.problem_id}"


class Comment(models.Model):
    """A remark on a step, a trace or a problem; flags go to the authors of the guidelines.

    A row of kind ``unsure`` answers somebody's unsure rating: ``rater`` is who was unsure. Open
    unsure ratings have no row yet.
    """

    class Kind(models.TextChoices):
        COMMENT = "comment", "Comment"
        FLAG = "flag", "Question about the guidelines"
        UNSURE = "unsure", "Unsure rating"

    project = models.ForeignKey(Project, models.CASCADE, related_name="comments")
    problem = models.ForeignKey(Problem, models.CASCADE, related_name="comments")
    step = models.ForeignKey(Step, models.CASCADE, null=True, related_name="comments")
    trace = models.ForeignKey(
        Trace, models.CASCADE, null=True, related_name="comments", db_index=False
    )
    rater = models.ForeignKey(Rater, models.CASCADE, related_name="comments", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.COMMENT)
    text = models.TextField(blank=True, default="")
    answers = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    resolved = models.DateTimeField(null=True)
    resolution = models.TextField(blank=True, default="")
    guideline = models.ForeignKey(
        GuidelineVersion, models.SET_NULL, null=True, related_name="comments"
    )
    idempotency_key = models.UUIDField(null=True, unique=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["step", "rater"], condition=Q(kind="unsure"), name="comment_unique_unsure"
            )
        ]
        indexes = [
            models.Index(
                fields=["project", "-id"],
                condition=Q(resolved__isnull=True),
                name="comment_open",
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]
