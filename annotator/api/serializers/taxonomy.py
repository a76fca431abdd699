"""The error taxonomy of a project."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s


class ErrorTypeIn(s.Serializer[Any]):
    """A new node; its key follows from its label."""

    label = s.CharField(max_length=80)  # type: ignore[assignment]
    parent = s.CharField(max_length=40, default="", allow_blank=True, help_text='Key; "" = top.')  # type: ignore[assignment]


class ErrorTypePatch(s.Serializer[Any]):
    """Changes of a node; what is left out stays. The key never changes."""

    label = s.CharField(max_length=80, required=False)  # type: ignore[assignment]
    parent = s.CharField(max_length=40, required=False, allow_blank=True)  # type: ignore[assignment]
    place = s.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=1_000, help_text="null = last"
    )
    retired = s.BooleanField(required=False)


class ErrorTypeOut(s.Serializer[Any]):
    """A node of the taxonomy."""

    key = s.CharField()
    label = s.CharField()  # type: ignore[assignment]
    parent = s.CharField(help_text='Key of the node above, "" = top.')  # type: ignore[assignment]
    depth = s.IntegerField()
    retired = s.BooleanField()
    labels = s.IntegerField(allow_null=True, help_text="Labels that have it; reviewers only.")


class ErrorTypeList(s.Serializer[Any]):
    """Every node, in the order of the tree."""

    results = ErrorTypeOut(many=True)


class LabelsMoveIn(s.Serializer[Any]):
    """Where the labels of a node go."""

    to = s.CharField(max_length=40)


class LabelsMoved(s.Serializer[Any]):
    """How many labels changed."""

    moved = s.IntegerField()
