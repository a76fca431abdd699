"""What the API views share: paging by key, the idempotency header, inputs and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response
from rest_framework.views import APIView

from annotator.errors import InvalidError
from annotator.numbers import whole_number
from annotator.queries.access import MAX_ID, Access, Role, project_for_user
from annotator.queries.paging import NEWEST, PAGE_SIZE, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.db.models import Model, QuerySet
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

M = TypeVar("M", bound="Model")
DEFAULT_SIZE, MOST = PAGE_SIZE, 200

PROJECT = OpenApiParameter("project", str, required=True, description="The project's name.")
SIZE = OpenApiParameter("size", int, description=f"Rows per page, at most {MOST}.")
BEFORE = OpenApiParameter(
    "before", int, description="The `next` of the page before: rows older than this."
)
AFTER = OpenApiParameter("after", str, description="The `next` of the page before.")
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.UUID,
    OpenApiParameter.HEADER,
    description="A UUID made by the client. Sending the request again changes nothing more.",
)


class ApiView(APIView):
    """A view of the API; who asks is always a signed-in person."""

    @property
    def person(self) -> User:
        """The person who asks."""
        return cast("User", self.request.user)

    def project_of_query(self, *, at_least: Role = "viewer") -> Access:
        """Return the project that ``?project=`` names.

        Raises:
            InvalidError: none is named.
        """
        name = self.request.query_params.get("project", "")
        if not name:
            reason = "Name the project: ?project=NAME."
            raise InvalidError(reason, fields={"project": reason})
        return project_for_user(user=self.person, name=name, at_least=at_least)

    def checked(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the validated body."""
        read = serializer(data=self.request.data)
        read.is_valid(raise_exception=True)
        return cast("dict[str, Any]", read.validated_data)

    def page_by_id(
        self,
        rows: QuerySet[M],
        shape: Callable[[M], dict[str, Any]],
        order: tuple[str] = NEWEST,
    ) -> Response:
        """Return one page of ``rows``, newest first, with the ``next`` to ask for.

        ``order`` names another unique column than the id.
        """
        size = whole(self.request, "size", DEFAULT_SIZE, most=MOST)
        before = optional_id(self.request, "before")
        found = page_of(rows, order=order, after=str(before or ""), size=size)
        following = int(found.next) if found.next else None
        return Response({"results": [shape(row) for row in found.rows], "next": following})


def whole(request: Request, name: str, default: int, *, most: int) -> int:
    """Return a whole number of the query.

    Raises:
        InvalidError: it is none, or not from 1 to ``most``.
    """
    text = request.query_params.get(name, "")
    if not text:
        return default
    number = whole_number(text)
    if number is None or not 1 <= number <= most:
        reason = f"'{name}' is a whole number from 1 to {most}, not '{text[:40]}'."
        raise InvalidError(reason, fields={name: reason})
    return number


def optional_id(request: Request, name: str) -> int | None:
    """Return an id of the query, None if it is not there."""
    return whole(request, name, 0, most=MAX_ID) or None


def idempotency_key(request: Request) -> UUID | None:
    """Return the ``Idempotency-Key`` of the request, None if it has none.

    Raises:
        InvalidError: it is not a UUID.
    """
    text = request.headers.get("Idempotency-Key", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        reason = "The Idempotency-Key header is a UUID made by the client."
        raise InvalidError(reason, fields={"Idempotency-Key": reason}) from None
