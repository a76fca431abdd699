"""Personal tokens. A token cannot make or delete tokens: a leaked one must not renew itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.response import Response

from annotator.api.base import ApiView
from annotator.api.serializers.account import TokenIn, TokenList, TokenMade
from annotator.api.shapes.account import token_shape
from annotator.queries.people.tokens import tokens_of
from annotator.services.people.tokens import token_create, token_delete

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.request import Request


class CookieAuthentication(SessionAuthentication):
    """The session of a signed-in browser, with CSRF; anonymous requests get 401."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 answer."""
        return "Session"


class CookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the session for OpenAPI."""

    target_class = "annotator.api.account.CookieAuthentication"
    name = "cookie"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the OpenAPI security scheme."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class Tokens(ApiView):
    """The person's tokens."""

    authentication_classes = (CookieAuthentication,)

    @extend_schema(operation_id="tokens_list", responses=TokenList)
    def get(self, request: Request) -> Response:
        """List the person's tokens, newest first."""
        return Response({"results": [token_shape(row) for row in tokens_of(user=self.person)]})

    @extend_schema(operation_id="tokens_create", request=TokenIn, responses={201: TokenMade})
    def post(self, request: Request) -> Response:
        """Make a token; its secret is in this answer and nowhere else."""
        made = token_create(user=self.person, name=self.checked(TokenIn)["name"])
        return Response({**token_shape(made.row), "secret": made.secret}, status=201)


class TokenDetail(ApiView):
    """One token."""

    authentication_classes = (CookieAuthentication,)

    @extend_schema(operation_id="tokens_delete", request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a token; it stops working at once."""
        token_delete(user=self.person, pk=pk)
        return Response(status=204)
