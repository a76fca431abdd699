"""People and the one-time links that sign them in. Only digests of secrets are stored."""

from __future__ import annotations

import getpass
import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from annotator.errors import ForbiddenError
from annotator.models import SignInLink

LINK_VALID_FOR = timedelta(hours=24)
UNUSABLE = (
    "This sign-in link was used already or is too old. Ask for a new one: whoever runs Tracewood "
    "gets one from `manage.py sign_in_link`."
)


@transaction.atomic
def user_create_first() -> User:
    """Return the person that a fresh installation belongs to; made if there is nobody yet.

    The name is that of the system's user. There is no password: a link signs in.
    """
    first = User.objects.order_by("pk").first()
    return first or User.objects.create_user(username=_system_name())


def sign_in_link_create(*, user: User) -> str:
    """Make a link that signs ``user`` in once within a day.

    Returns:
        The token of the link; it is stored nowhere in the clear.
    """
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(user=user, digest=_digest(token), expires=Now() + LINK_VALID_FOR)
    return token


@transaction.atomic
def sign_in_link_use(*, token: str) -> User:
    """Return the user of a link and burn it.

    Raises:
        ForbiddenError: unknown, used, expired, or of somebody who may not sign in any more.
    """
    link = (
        SignInLink.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(digest=_digest(token), used=None, expires__gt=Now(), user__is_active=True)
        .first()
    )
    if link is None:
        raise ForbiddenError(UNUSABLE, code="link_unusable")
    SignInLink.objects.filter(pk=link.pk).update(used=Now())
    return link.user


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _system_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a user id without a name.
        return "owner"
