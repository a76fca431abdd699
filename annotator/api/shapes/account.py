"""Tokens of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotator.models import ApiToken


def token_shape(token: ApiToken) -> dict[str, Any]:
    """Return a token without its digest."""
    return {
        "id": token.pk,
        "name": token.name,
        "prefix": token.prefix,
        "created": token.created,
        "last_used": token.last_used,
    }
