"""The HTTP edge of the pages: a typed request, one frame for pages, one translation of errors.

An expected error (``AnnotatorError``, ``ScoringError``) raised in any view leaves with its honest
status: as a plain sentence for htmx and scripts, which show it as a toast, and as a page for a
browser. The JSON API translates its own errors in ``annotator.api.errors``.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from annotator.errors import AnnotatorError
from annotator.queries.projects import open_jobs_count
from annotator.services.artefacts import FULL, store_error
from annotator.views.navigation import navigation
from scoring.errors import ScoringError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django_htmx.middleware import HtmxDetails

    from annotator.queries.access import Access

logger = logging.getLogger(__name__)

TITLES = {
    400: "This cannot be done",
    403: "Not open to you",
    404: "Not here",
    409: "Not as things are now",
    413: "Too large",
    422: "This cannot be used",
    503: "Not available now",
}

API = "/api/"
CODES = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    500: "internal",
    503: "unavailable",
}
NO_DATABASE = "The database does not answer just now; try this again in a moment."
TOO_LARGE = "This is larger than the server takes here. UPLOAD_MAX_MB sets the limit for uploads."
# What a multipart form adds around a file.
FORM_OVERHEAD = 1 << 20


class HtmxRequest(HttpRequest):
    """A request of a signed-in person, as the middleware leaves it."""

    htmx: HtmxDetails
    user: User


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    access: Access | None = None,
    section: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a whole page inside the frame; ``section`` marks the tab of the header."""
    frame: dict[str, Any] = {"section": section}
    if access is not None:
        frame |= {
            "access": access,
            "project": access.project,
            "navigation": navigation(access, section),
            "jobs_live": open_jobs_count(access=access),
        }
    return render(request, template, frame | (context or {}), status=status)


def wants_fragment(request: HtmxRequest) -> bool:
    """Say whether htmx asked for a part; Back and boosted links get whole pages."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def page_or_fragment(
    request: HtmxRequest,
    whole: str,
    fragment: str,
    context: dict[str, Any],
    *,
    access: Access,
    section: str,
) -> HttpResponse:
    """Render ``fragment`` for htmx and ``whole`` (which includes it) for a browser."""
    if wants_fragment(request):
        response = render(
            request, fragment, {"access": access, "project": access.project} | context
        )
    else:
        response = page(request, whole, context, access=access, section=section)
    patch_vary_headers(response, ["HX-Request"])
    return response


def error_response(
    request: HttpRequest, *, message: str, status: int, title: str = ""
) -> HttpResponse:
    """Answer with a sentence: plain for scripts, as a page for a browser, in the API's shape."""
    if request.path.startswith(API):
        code = CODES.get(status, "error")
        body = {"error": {"code": code, "message": message, "fields": {}}}
        return JsonResponse(body, status=status)
    if not _wants_html(request):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    context = {
        "title": title or TITLES.get(status, "This did not work"),
        "message": message,
        "reference": request.META.get("REQUEST_ID", ""),
    }
    return render(request, "error.html", context, status=status)


class ErrorMiddleware:
    """Turns expected errors of views into answers, once for all pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; a fragment request whose session ended sends the whole page to sign-in."""
        if too_large(request):
            return error_response(request, message=TOO_LARGE, status=413)
        if reason := no_room(request):
            return error_response(request, message=reason, status=503)
        response = self.get_response(request)
        to_sign_in = response.get("Location", "").startswith(settings.LOGIN_URL)
        if to_sign_in and response.status_code == 302 and request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(settings.LOGIN_URL)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Translate an expected error; anything else stays a failure of the server."""
        if isinstance(error, AnnotatorError):
            return error_response(request, message=error.message, status=error.status)
        if isinstance(error, ScoringError):
            return error_response(request, message=str(error), status=422)
        return None


def too_large(request: HttpRequest) -> bool:
    """Say whether a body is larger than its address takes, before anything reads it.

    Only the upload addresses take files, and only from people who are signed in: nobody else may
    fill the disk with temporary files. The API checks who it is before it reads an upload.
    """
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return False
    if request.path.startswith(API):
        is_upload = request.path.endswith("/uploads/")
        return not is_upload or length > settings.UPLOAD_MAX_BYTES
    is_upload = request.path.endswith("/import/") and request.user.is_authenticated
    return not is_upload or length > settings.UPLOAD_MAX_BYTES + FORM_OVERHEAD


def no_room(request: HttpRequest) -> str:
    """Read a form with files; return a sentence if they fill the disk of temporary files, else "".

    Otherwise it is read by the check of its token, where nothing translates what goes wrong.
    """
    if request.method == "POST" and request.content_type == "multipart/form-data":
        try:
            request.POST  # noqa: B018 - reading is what it is for
        except UnreadablePostError:
            return ""  # the sender is gone
        except OSError as error:
            for handler in request.upload_handlers:
                handler.upload_interrupted()  # removes the half file
            if error.errno not in FULL:
                raise
            return store_error(error, "The file", str(settings.FILE_UPLOAD_TEMP_DIR)).message
    return ""


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request whose form token is missing or old."""
    logger.warning("csrf refused", extra={"reason": reason, "path": request.path})
    message = "This form is too old or came from another site. Reload the page and try again."
    return error_response(request, message=message, status=403, title="Form not accepted")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refuses."""
    return error_response(request, message="The server cannot read this request.", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a refused request."""
    return error_response(request, message="This is not open to you.", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist."""
    return error_response(request, message="There is no page at this address.", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after an unexpected failure, without session or database: they may be the reason.

    Django calls this while it handles the exception. A database that is away shows here and not
    in a view: the session is read before any view runs.
    """
    reference = request.META.get("REQUEST_ID", "")
    if isinstance(sys.exception(), (OperationalError, InterfaceError)):
        status, title, message = 503, TITLES[503], NO_DATABASE
    else:
        status, title = 500, "The server failed"
        message = f"The server failed. Its log has the reason under {reference or 'this time'}."
    if request.path.startswith(API):
        return error_response(request, message=message, status=status)
    if not _wants_html(request):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    context = {"title": title, "message": message, "reference": reference}
    return HttpResponse(render_to_string("error.html", context), status=status)


def _wants_html(request: HttpRequest) -> bool:
    is_htmx = "HX-Request" in request.headers
    return "text/html" in request.headers.get("Accept", "") and not is_htmx
