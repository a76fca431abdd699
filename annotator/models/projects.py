"""Projects, their members, guidelines and error taxonomy."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class Project(models.Model):
    """A set of problems judged under one guideline by one team; the border of every access check."""

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    primary_outcome = models.CharField(max_length=60, default="correct")
    overlap = models.PositiveSmallIntegerField(default=1)
    criteria = models.JSONField(default=list, blank=True)
    show_scores = models.BooleanField(default=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="project_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="project_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role in a project. A project without members belongs to its first visitor."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        REVIEWER = "reviewer", "Reviewer"
        ANNOTATOR = "annotator", "Annotator"
        VIEWER = "viewer", "Viewer"

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
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
    """One immutable text of the guidelines; every person's judgement pins the version it saw."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField()
    markdown = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="guideline_number_unique")
        ]

    def __str__(self) -> str:
        return f"guidelines {self.number} of {self.project_id}"


class ErrorType(models.Model):
    """A node of the project's error taxonomy; ``key`` is what labels and exports carry."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="error_types")
    parent = models.ForeignKey("self", models.RESTRICT, null=True, related_name="children")
    key = models.SlugField(max_length=40)
    label = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="error_type_key_unique")
        ]

    def __str__(self) -> str:
        return self.label
