"""One shape for every error: ``{"error": {"code", "message", "fields"}}``.

Codes are stable, messages may change. 4xx and 5xx alike, whoever raised them.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from annotator.errors import AnnotatorError
from scoring.errors import ScoringError

logger = logging.getLogger(__name__)

CODES = {
    status.HTTP_400_BAD_REQUEST: "bad_request",
    status.HTTP_401_UNAUTHORIZED: "not_signed_in",
    status.HTTP_403_FORBIDDEN: "forbidden",
    status.HTTP_404_NOT_FOUND: "not_found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "method_not_allowed",
    status.HTTP_406_NOT_ACCEPTABLE: "not_acceptable",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    status.HTTP_422_UNPROCESSABLE_ENTITY: "invalid",
    status.HTTP_429_TOO_MANY_REQUESTS: "too_many_requests",
    status.HTTP_503_SERVICE_UNAVAILABLE: "unavailable",
}
NO_DATABASE = "The database does not answer just now; send this again."
NO_NUMBER = (
    "JSON parse error - it has no NaN and no Infinity: send null where a number is not known."
)
TOO_LONG = "JSON parse error - a number has too many digits."
READABLE = {"set_int_max_str_digits": TOO_LONG, "Out of range float values": NO_NUMBER}
"""Our words for what a parser says, by a part of it."""
# What Django itself raises, with the words for it.
PLAIN: tuple[tuple[tuple[type[Exception], ...], int, str], ...] = (
    ((Http404,), 404, "There is nothing at this address."),
    ((PermissionDenied,), 403, "This is not open to you."),
    (
        (SuspiciousOperation, RecursionError),
        400,
        "The request cannot be read: it is too large or too deep.",
    ),
)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Turn anything a view raised into an answer; what nobody expected is logged."""
    set_rollback()
    if isinstance(error, AnnotatorError):
        return error_response(error.status, error.code, error.message, error.fields)
    if isinstance(error, ScoringError):
        return error_response(422, error.code, str(error))
    if isinstance(error, exceptions.ValidationError):
        fields = flat_fields(error.detail)
        said = " ".join(f"{name}: {text}" if name else text for name, text in fields.items())
        return error_response(422, "invalid", said, fields)
    if isinstance(error, exceptions.APIException):
        return _framework_error(error)
    for kinds, status_code, message in PLAIN:
        if isinstance(error, kinds):
            return error_response(status_code, CODES[status_code], message)
    return _unexpected(error, context)


def error_response(
    status_code: int, code: str, message: str, fields: dict[str, str] | None = None
) -> Response:
    """Return an error in the shape of this API."""
    body = {"error": {"code": code, "message": message, "fields": fields or {}}}
    return Response(body, status=status_code)


def flat_fields(detail: Any, prefix: str = "") -> dict[str, str]:
    """Return nested validation messages as dotted field names with one sentence each."""
    if isinstance(detail, dict):
        found: dict[str, str] = {}
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            found |= flat_fields(inner, ".".join(part for part in (prefix, own) if part))
        return found
    if isinstance(detail, list) and any(isinstance(item, (dict, list)) for item in detail):
        found = {}
        for i, item in enumerate(detail):
            found |= flat_fields(item, f"{prefix}[{i}]")
        return found
    return {
        prefix: " ".join(str(text) for text in (detail if isinstance(detail, list) else [detail]))
    }


def _framework_error(error: exceptions.APIException) -> Response:
    code = CODES.get(error.status_code, error.default_code)
    if isinstance(error, exceptions.ParseError):
        code = "parse_error"
    said = str(error.detail)
    said = next((words for part, words in READABLE.items() if part in said), said)
    response = error_response(error.status_code, code, said)
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


def _unexpected(error: Exception, context: dict[str, Any]) -> Response:
    request = context.get("request")
    reference = request.META.get("REQUEST_ID", "") if request is not None else ""
    logger.error("api view failed", exc_info=error, extra={"reference": reference})
    if isinstance(error, (OperationalError, InterfaceError)):
        return error_response(503, CODES[503], NO_DATABASE)
    message = f"The server failed. Its log has the reason under {reference or 'this time'}."
    return error_response(500, "internal", message)
