"""Personal tokens of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import ApiToken

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet


def tokens_of(*, user: User) -> QuerySet[ApiToken]:
    """Return the tokens of ``user``, newest first; digests stay in the database."""
    return ApiToken.objects.filter(user=user).defer("digest").order_by("-pk")
