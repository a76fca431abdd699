"""The frame around an item: serve the next one, keep its lease, take the answer.

What is judged inside the frame comes from ``surfaces``. Scripts ask with ``HX-Request`` and get
plain sentences and ``HX-Redirect``; a browser without scripts gets pages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from annotator.errors import InvalidError, NotFoundError
from annotator.queries.access import project_for_user
from annotator.queries.queues.gates import assignment_for_user, queue_for_user
from annotator.queries.queues.progress import submitted_today
from annotator.services.queues import (
    assignment_heartbeat,
    assignment_retake,
    assignment_return,
    assignment_skip,
    assignment_submit,
    draft_save,
    item_next,
)
from annotator.services.queues.leases import lease_lost
from annotator.views.http import page
from annotator.views.work.surfaces import surface_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from annotator.models import Assignment
    from annotator.queries.queues.gates import WorkItem
    from annotator.views.http import HtmxRequest


class FenceForm(forms.Form):
    """Which lease the request means, and what may come with it."""

    fence = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    milliseconds = forms.IntegerField(required=False, min_value=0)
    key = forms.UUIDField(required=False)
    reason = forms.CharField(required=False, max_length=1_000)


@never_cache
@require_GET
def work_next(request: HttpRequest, project: str, queue: int) -> HttpResponse:
    """Serve the next item and go to it; where there is none, say why."""
    request = cast("HtmxRequest", request)
    access = project_for_user(user=request.user, name=project, at_least="annotator")
    chosen = queue_for_user(user=request.user, pk=queue, project=project, at_least="annotator")
    served = item_next(queue=chosen, user=request.user)
    if served.assignment_id is not None:
        return redirect("annotator:work-item", access.project.name, queue, served.assignment_id)
    context = {
        "queue": chosen,
        "served": served,
        "today": submitted_today(user=request.user),
    }
    return page(request, "annotator/work_empty.html", context, access=access, section="queues")


@never_cache
@require_GET
def work_item(request: HttpRequest, project: str, queue: int, assignment: int) -> HttpResponse:
    """Show an item in the person's hands, or what became of it."""
    request = cast("HtmxRequest", request)
    access = project_for_user(user=request.user, name=project, at_least="annotator")
    work = _work(request, project, queue, assignment)
    context = {
        "work": work,
        "queue": work.queue,
        "today": submitted_today(user=request.user),
        "lost": "" if work.held else lease_lost(work.assignment, work.fence).message,
        "may_retake": work.assignment.state in {"leased", "expired", "returned"},
        "seconds_left": max(0, int((work.lease_until - timezone.now()).total_seconds())),
        "urls": _urls(work),
    }
    if work.held:
        context |= surface_of(request=request, access=access, work=work)
    return page(request, "annotator/work_item.html", context, access=access, section="queues")


@require_POST
def work_heartbeat(request: HttpRequest, project: str, queue: int, assignment: int) -> HttpResponse:
    """Keep the lease; answers with the seconds it lasts now."""
    user = cast("HtmxRequest", request).user
    work = _work(request, project, queue, assignment)
    kept = assignment_heartbeat(
        assignment=work.assignment, user=user, fence=_sent(request)["fence"]
    )
    return JsonResponse(_lease(kept))


@require_POST
def work_draft(request: HttpRequest, project: str, queue: int, assignment: int) -> HttpResponse:
    """Keep what the person has so far; the field ``draft`` is JSON."""
    user = cast("HtmxRequest", request).user
    work = _work(request, project, queue, assignment)
    try:
        draft = json.loads(request.POST.get("draft", ""))
    except (ValueError, RecursionError):
        reason = "The draft is not JSON."
        raise InvalidError(reason, fields={"draft": reason}) from None
    draft_save(assignment=work.assignment, user=user, draft=draft)
    return HttpResponse(status=204)


@require_POST
def work_submit(request: HttpRequest, project: str, queue: int, assignment: int) -> HttpResponse:
    """Accept the answer and go on to the next item."""
    user = cast("HtmxRequest", request).user
    work = _work(request, project, queue, assignment)
    sent = _sent(request)
    assignment_submit(
        assignment=work.assignment,
        user=user,
        fence=sent["fence"],
        milliseconds=sent["milliseconds"],
        idempotency_key=sent["key"],
    )
    return _on(request, "annotator:work", project, queue)


@require_POST
def work_skip(request: HttpRequest, project: str, queue: int, assignment: int) -> HttpResponse:
    """Leave the item to others and go on."""
    user = cast("HtmxRequest", request).user
    work = _work(request, project, queue, assignment)
    sent = _sent(request)
    assignment_skip(
        assignment=work.assignment, user=user, fence=sent["fence"], reason=sent["reason"]
    )
    return _on(request, "annotator:work", project, queue)


@require_POST
def work_return(request: HttpRequest, project: str, queue: int, assignment: int) -> HttpResponse:
    """Put the item back and leave the queue."""
    user = cast("HtmxRequest", request).user
    work = _work(request, project, queue, assignment)
    assignment_return(assignment=work.assignment, user=user, fence=_sent(request)["fence"])
    return _on(request, "annotator:queue-list", project)


@require_POST
def work_retake(request: HttpRequest, project: str, queue: int, assignment: int) -> HttpResponse:
    """Take an item again whose lease ended."""
    user = cast("HtmxRequest", request).user
    work = _work(request, project, queue, assignment)
    assignment_retake(assignment=work.assignment, user=user)
    return _on(request, "annotator:work-item", project, queue, assignment)


def _work(request: HttpRequest, project: str, queue: int, assignment: int) -> WorkItem:
    user = cast("HtmxRequest", request).user
    work = assignment_for_user(user=user, pk=assignment, project=project)
    if work.queue.pk != queue:
        raise NotFoundError(f"There is no assignment {assignment} in queue {queue}.")
    return work


def _sent(request: HttpRequest) -> dict[str, Any]:
    form = FenceForm(request.POST)
    if not form.is_valid():
        fields = {name: " ".join(map(str, said)) for name, said in form.errors.items()}
        raise InvalidError("; ".join(f"{k}: {v}" for k, v in fields.items()), fields=fields)
    return form.cleaned_data


def _on(request: HttpRequest, name: str, *args: object) -> HttpResponse:
    """Go on to another page: by a header for scripts, which cannot read a redirect's address."""
    url = reverse(name, args=args)
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(url)
    return redirect(url)


def _lease(assignment: Assignment) -> dict[str, object]:
    left = (assignment.lease_until - timezone.now()).total_seconds()
    return {"fence": assignment.fence, "seconds": max(0, int(left))}


def _urls(work: WorkItem) -> dict[str, str]:
    args = [work.queue.project.name, work.queue.pk, work.assignment.pk]
    verbs = ("heartbeat", "draft", "submit", "skip", "return", "retake")
    return {
        **{verb: reverse(f"annotator:work-{verb}", args=args) for verb in verbs},
        "next": reverse("annotator:work", args=args[:2]),
    }
