"""What happened in a problem."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.judgements import JudgementIn


class EntryOut(s.Serializer[Any]):
    """One thing that happened."""

    at = s.DateTimeField()
    entry = s.CharField(help_text="event, comment, served or finished")
    id = s.IntegerField()
    kind = s.CharField(help_text="Of an event.")
    who = s.CharField()
    what = s.CharField()
    note = s.CharField()
    step = s.IntegerField(allow_null=True)
    undone = s.BooleanField()


class EntryList(s.Serializer[Any]):
    """A page, newest first."""

    results = EntryOut(many=True)
    next = s.CharField(help_text="`after` of the next page, empty: none.")


class RestoreIn(JudgementIn):
    """What is restored: the state after the event, or before it."""

    before = s.BooleanField(default=False)


class WayBackOut(s.Serializer[Any]):
    """What was changed back, and what follows for submitted work."""

    events = s.ListField(child=s.IntegerField())
    said = s.ListField(child=s.CharField())
    replayed = s.BooleanField()
