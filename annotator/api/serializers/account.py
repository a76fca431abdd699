"""Personal tokens."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s


class TokenIn(s.Serializer[Any]):
    """A token to make."""

    name = s.CharField(max_length=80)


class TokenOut(s.Serializer[Any]):
    """A personal token; its secret is stored nowhere."""

    id = s.IntegerField()
    name = s.CharField()
    prefix = s.CharField()
    created = s.DateTimeField()
    last_used = s.DateTimeField(allow_null=True)


class TokenMade(TokenOut):
    """A new token with its secret, this once."""

    secret = s.CharField()


class TokenList(s.Serializer[Any]):
    """The tokens of a person, newest first."""

    results = TokenOut(many=True)
