"""Problems and their trees."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s


class ProblemOut(s.Serializer[Any]):
    """A problem without its steps."""

    id = s.IntegerField()
    project = s.CharField()
    prompt = s.CharField()
    reference = s.CharField()
    meta = s.DictField()
    steps = s.IntegerField()
    traces = s.IntegerField()
    depth = s.IntegerField()
    solved = s.IntegerField(help_text="Traces whose primary outcome is above 0.")
    judged = s.IntegerField(help_text="Traces whose primary outcome is known.")
    labelled = s.IntegerField(help_text="Steps with a label of a person.")


class ProblemList(s.Serializer[Any]):
    """A page of problems."""

    results = ProblemOut(many=True)
    next = s.CharField(allow_null=True, help_text="Send as ?after= for the next page.")
    previous = s.CharField(allow_null=True, help_text="Send as ?before= for the page before.")


class NodeOut(s.Serializer[Any]):
    """A node; optional fields are left out where the source knew nothing."""

    id = s.IntegerField(help_text="Step id; 0 is the problem.")
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    depth = s.IntegerField()
    text = s.CharField()
    kind = s.CharField(required=False)
    agent = s.CharField(required=False)
    level = s.CharField(required=False)
    state = s.CharField(required=False, help_text="Environment state before the step.")
    state_after = s.CharField(required=False)
    value = s.FloatField(required=False)
    visits = s.IntegerField(required=False)
    n_tokens = s.IntegerField(required=False)
    outcome = s.ListField(child=s.FloatField(allow_null=True), required=False)
    score = s.FloatField(required=False)


class TraceOut(s.Serializer[Any]):
    """A path from the problem to ``end``."""

    id = s.IntegerField()
    end = s.IntegerField()
    key = s.CharField()
    model = s.CharField()
    outcomes = s.DictField(child=s.FloatField(allow_null=True))


class TreeOut(s.Serializer[Any]):
    """A whole tree; ``nodes`` is what ``Tree.from_records`` takes."""

    problem = s.IntegerField()
    outcome = s.CharField()
    nodes = NodeOut(many=True)
    traces = TraceOut(many=True)
