"""Personal tokens: ``Authorization: Bearer <token>``; only their digests are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from annotator.services.people.tokens import token_use

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.request import Request

    from annotator.models import ApiToken

KEYWORDS = {b"bearer", b"token"}


class TokenAuthentication(BaseAuthentication):
    """Signs a request in by its bearer token; ``Token`` is taken for ``Bearer``."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return user and token, or None where the request carries no token."""
        keyword, _, secret = get_authorization_header(request).partition(b" ")
        if keyword.lower() not in KEYWORDS:
            return None
        token = token_use(secret=secret.strip().decode("ascii", "replace"))
        if token is None:
            raise AuthenticationFailed(
                "This token is unknown or was deleted. Send 'Authorization: Bearer <token>'."
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 answer."""
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the token for OpenAPI."""

    target_class = "annotator.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}
