"""Projects, their members, guidelines and error taxonomy."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class Project(models.Model):
    """A set of problems judged under one guideline by one team; the border of every access check.

    An annotator who answers less than the share ``pause_below`` of their last ``pause_after`` gold
    items rightly is served nothing more until a reviewer lets them go on; null = nobody is stopped.
    ``gold_changes`` grows with every gold answer that is made or changed: reports know it by this.
    """

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    primary_outcome = models.CharField(max_length=60, default="correct")
    overlap = models.PositiveSmallIntegerField(default=1)
    criteria = models.JSONField(default=list, blank=True)
    show_scores = models.BooleanField(default=False)
    pause_below = models.FloatField(null=True, blank=True)
    pause_after = models.PositiveSmallIntegerField(default=20)
    gold_changes = models.BigIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pause_below__isnull=True) | Q(pause_below__gte=0, pause_below__lte=1),
                name="project_pause_below_valid",
            ),
            models.CheckConstraint(
                condition=Q(pause_after__gte=1), name="project_pause_after_valid"
            ),
            models.UniqueConstraint(Lower("name"), name="project_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="project_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role in a project. A project without members belongs to its first visitor.

    ``paused``: why the member is served no items at present; "" = they are.
    """

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        REVIEWER = "reviewer", "Reviewer"
        ANNOTATOR = "annotator", "Annotator"
        VIEWER = "viewer", "Viewer"

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    paused = models.TextField(blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "project"], name="membership_unique"),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "reviewer", "annotator", "viewer"]),
                name="membership_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.project_id}"


class GuidelineVersion(models.Model):
    """One immutable text of the guidelines; every person's judgement pins the version it saw.

    ``examples``: list of ``{"step", "rating", "why"}``; ``change``: what is new and why.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField()
    markdown = models.TextField(blank=True)
    examples = models.JSONField(default=list)
    change = models.TextField(blank=True, default="")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="guideline_number_unique")
        ]

    def __str__(self) -> str:
        return f"guidelines {self.number} of {self.project_id}"


class ErrorType(models.Model):
    """A node of the project's error taxonomy; ``key`` is what labels and exports carry.

    A ``retired`` node is no longer offered; labels that have it keep it.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="error_types")
    parent = models.ForeignKey("self", models.RESTRICT, null=True, related_name="children")
    key = models.SlugField(max_length=40)
    label = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    retired = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="error_type_key_unique")
        ]

    def __str__(self) -> str:
        return self.label
