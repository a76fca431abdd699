"""Personal API tokens: 256 random bits, shown once, stored as a sha256 digest."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from annotator.errors import InvalidError, NotFoundError
from annotator.models import ApiToken

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PREFIX = "tw_"
PREFIX_SHOWN = 8
NAME_LENGTH = 80
MAX_PER_USER = 100
# ``last_used`` is for people; writing it on every request would make reads cost a write.
LAST_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token row with its secret, which cannot be read again."""

    row: ApiToken
    secret: str


def token_create(*, user: User, name: str) -> NewToken:
    """Make a token for ``user``.

    Raises:
        InvalidError: no name, a too long one, or too many tokens.
    """
    clean = name.strip()
    if not 0 < len(clean) <= NAME_LENGTH or "\x00" in clean:
        reason = f"Name the token in 1 to {NAME_LENGTH} characters: where will it be used?"
        raise InvalidError(reason, fields={"name": reason})
    if ApiToken.objects.filter(user=user).count() >= MAX_PER_USER:
        reason = f"You have {MAX_PER_USER} tokens. Delete those that are not used any more."
        raise InvalidError(reason, fields={"name": reason})
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user, name=clean, digest=token_digest(secret), prefix=secret[:PREFIX_SHOWN]
    )
    return NewToken(row, secret)


def token_delete(*, user: User, pk: int) -> None:
    """Delete one of ``user``'s tokens; it stops working at once.

    Raises:
        NotFoundError: no such token of theirs.
    """
    deleted, _ = ApiToken.objects.filter(user=user, pk=pk).delete()
    if not deleted:
        raise NotFoundError("There is no such token among yours.")


def token_use(*, secret: str) -> ApiToken | None:
    """Return the token row of ``secret`` with its active user, None if there is none.

    The digest of a 256-bit random secret is looked up by index: its timing tells nothing that
    helps to guess another one.
    """
    row = (
        ApiToken.objects.select_related("user")
        .filter(digest=token_digest(secret), user__is_active=True)
        .first()
    )
    if row is not None:
        now = timezone.now()
        stale = Q(last_used__isnull=True) | Q(last_used__lt=now - LAST_USED_EVERY)
        if row.last_used is None or row.last_used < now - LAST_USED_EVERY:
            ApiToken.objects.filter(stale, pk=row.pk).update(last_used=now)
    return row


def token_digest(secret: str) -> str:
    """Return the sha256 of a token's secret, as stored."""
    return hashlib.sha256(secret.encode()).hexdigest()
