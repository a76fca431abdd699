"""Snapshots, the rules they are made by, and exports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.services.jobs.requests import AGGREGATES, NEUTRALS
from scoring.training.targets import DEFAULT_AGGREGATE, DEFAULT_NEUTRAL


class RulesIn(s.Serializer[Any]):
    """How labels of several raters become one."""

    aggregate = s.ChoiceField(choices=list(AGGREGATES), default=DEFAULT_AGGREGATE)
    neutral = s.ChoiceField(choices=list(NEUTRALS), default=DEFAULT_NEUTRAL)
    include_machine = s.BooleanField(default=False)


class SnapshotIn(s.Serializer[Any]):
    """A snapshot to freeze."""

    project = s.CharField()
    name = s.CharField(max_length=100)
    rules = RulesIn(required=False)


class SnapshotOut(s.Serializer[Any]):
    """An immutable curated selection."""

    id = s.IntegerField()
    project = s.CharField()
    name = s.CharField()
    rules = s.DictField()
    filter = s.DictField()
    hash = s.CharField()
    counts = s.DictField(help_text="Labels and pairs only where you review.")
    created = s.DateTimeField()


class SnapshotList(s.Serializer[Any]):
    """A page of snapshots, newest first."""

    results = SnapshotOut(many=True)
    next = s.IntegerField(allow_null=True)


class ExportIn(s.Serializer[Any]):
    """An export to make."""

    project = s.CharField()
    format = s.CharField(max_length=40)
    snapshot = s.IntegerField(required=False, allow_null=True, default=None)
    options = s.DictField(required=False, default=dict)


class FileOut(s.Serializer[Any]):
    """One file of an export."""

    path = s.CharField()
    rows = s.IntegerField()
    sha256 = s.CharField()
    url = s.CharField()


class ExportOut(s.Serializer[Any]):
    """An export with its manifest."""

    id = s.IntegerField()
    project = s.CharField()
    format = s.CharField()
    snapshot = s.IntegerField()
    options = s.DictField()
    rows = s.IntegerField()
    excluded = s.DictField(child=s.IntegerField(), help_text="Empty where you do not review.")
    files = FileOut(many=True)
    created = s.DateTimeField()


class ExportList(s.Serializer[Any]):
    """A page of exports, newest first."""

    results = ExportOut(many=True)
    next = s.IntegerField(allow_null=True)
