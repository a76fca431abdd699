"""Members of a project."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.models import Membership


class MemberIn(s.Serializer[Any]):
    """A person with an account, and the role to give."""

    username = s.CharField(max_length=150)
    role = s.ChoiceField(choices=Membership.Role.choices)


class MemberPatch(s.Serializer[Any]):
    """Another role."""

    role = s.ChoiceField(choices=Membership.Role.choices)


class MemberOut(s.Serializer[Any]):
    """A member and their role."""

    id = s.IntegerField(help_text="The person; the same in every project.")
    username = s.CharField()
    role = s.ChoiceField(choices=Membership.Role.choices)
    labels = s.IntegerField(
        allow_null=True,
        help_text="Steps of this project that the person has labelled; null: open to reviewers.",
    )
    since = s.DateTimeField()


class MemberList(s.Serializer[Any]):
    """All members, owners first."""

    results = MemberOut(many=True)
