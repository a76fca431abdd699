"""Projects and the files uploaded into them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.models import Membership


class ProjectIn(s.Serializer[Any]):
    """A new project."""

    name = s.CharField(max_length=100)
    description = s.CharField(max_length=2000, required=False, default="", allow_blank=True)


class ProjectPatch(s.Serializer[Any]):
    """Settings to change; what is left out stays."""

    description = s.CharField(max_length=2000, required=False, allow_blank=True)
    primary_outcome = s.CharField(max_length=60, required=False)
    show_scores = s.BooleanField(required=False)
    pause_below = s.FloatField(required=False, allow_null=True, min_value=0, max_value=1)
    pause_after = s.IntegerField(required=False, min_value=1, max_value=1_000)


class ProjectOut(s.Serializer[Any]):
    """A project as one of its members sees it."""

    name = s.CharField()
    description = s.CharField()
    role = s.ChoiceField(choices=Membership.Role.choices)
    primary_outcome = s.CharField()
    show_scores = s.BooleanField()
    problems = s.IntegerField()
    steps = s.IntegerField()
    traces = s.IntegerField()
    labels = s.IntegerField(
        help_text="Step labels by people; only your own where you do not review."
    )
    created = s.DateTimeField()


class ProjectList(s.Serializer[Any]):
    """The projects of a person."""

    results = ProjectOut(many=True)


class UploadOut(s.Serializer[Any]):
    """A stored file, ready for an import job."""

    id = s.IntegerField()
    name = s.CharField()
    size = s.IntegerField()
    sha256 = s.CharField()
