"""Personal tokens: ``Authorization: Bearer <token>``; only their digests are stored."""

from __future__ import annotations

import hashlib

from django.contrib.auth.models import User
from django.db.models.functions import Now
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from annotator.models import ApiToken


class TokenAuthentication(BaseAuthentication):
    """Signs a request in by the sha256 of its bearer token."""

    keyword = b"bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return user and token, or None where the request carries no bearer token."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != self.keyword:
            return None
        if len(parts) != 2:  # noqa: PLR2004 - the scheme and the token
            raise AuthenticationFailed("Send the header as 'Authorization: Bearer <token>'.")
        digest = hashlib.sha256(parts[1]).hexdigest()
        token = ApiToken.objects.select_related("user").filter(digest=digest).first()
        if token is None or not token.user.is_active:
            raise AuthenticationFailed("This token is unknown or was withdrawn.")
        ApiToken.objects.filter(pk=token.pk).update(last_used=Now())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 answer."""
        return "Bearer"
