"""Queues: what an annotator can work on, and for reviewers how far it is and who holds what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotator.errors import AnnotatorError, InvalidError, NotFoundError
from annotator.forms import add_errors
from annotator.models import Assignment, Queue, Worker
from annotator.queries.access import project_for_user
from annotator.queries.jobs import live_workers, missing_worker
from annotator.queries.models import reward_models_of, scores_exist
from annotator.queries.paging import Page, page_of
from annotator.queries.people.members import judges_of
from annotator.queries.queues.gates import item_for_user, queue_for_user
from annotator.queries.queues.progress import (
    ITEM_PAGE,
    cursors_of,
    items_after,
    jobs_filling,
    leases_of,
    queue_progress,
    queues_of,
    queues_open_to,
    submitted_today,
)
from annotator.queries.trees.sparklines import extent, lines_of
from annotator.services.quality.exams import attempts_of
from annotator.services.queues import item_assign, queue_create, queue_delete, queue_state_set
from annotator.services.queues.orders.registry import ORDERS
from annotator.views.http import page, page_or_fragment, wants_fragment
from annotator.views.pager import page_asked, pager
from annotator.views.pages.jobs.rows import JobRow
from annotator.views.pages.queues.forms import AssignForm, QueueForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from annotator.models import QueueItem
    from annotator.queries.access import Access, Role
    from annotator.queries.trees.sparklines import Extent
    from annotator.services.quality.exams import Attempts
    from annotator.views.http import HtmxRequest

SAID = {"open": "opened", "paused": "paused", "closed": "closed"}


@require_http_methods(["GET", "HEAD", "POST"])
def queue_list(request: HtmxRequest, project: str) -> HttpResponse:
    """Show what the person can work on; reviewers also see all queues and make new ones."""
    needed: Role = "reviewer" if request.method == "POST" else "viewer"
    access = project_for_user(user=request.user, name=project, at_least=needed)
    form = _form(request, access) if access.may_review else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            queue, _ = queue_create(project=access.project, user=request.user, wish=form.wish())
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            return redirect("annotator:queue", access.project.name, queue.pk)
    found: Page[Queue] = Page()
    if access.may_review:
        found = page_of(queues_of(project=access.project), **page_asked(request))
    progress = queue_progress(queues=found.rows)
    filling = _filling(found.rows)
    missing = "" if live_workers(Worker.Kind.IO).exists() else missing_worker(Worker.Kind.IO)
    context = {
        "mine": _mine(request, access) if access.may_label else [],
        "today": submitted_today(user=request.user) if access.may_label else 0,
        "queues": [(queue, progress[queue.pk], filling.get(queue.pk)) for queue in found.rows],
        "filling": any(row.is_open for row in filling.values()),
        "pager": pager(request, found),
        "orders": ORDERS,
        "form": form,
        "missing_worker": missing if access.may_review else "",
    }
    return page(
        request,
        "annotator/queue_list.html",
        context,
        access=access,
        section="queues",
        status=422 if form is not None and form.errors else 200,
    )


@require_safe
def queue_detail(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show a queue's progress, leases and items; the live part refreshes itself."""
    access = project_for_user(user=request.user, name=project)
    queue = queue_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    after = _after(request)
    items = items_after(queue=queue, after=after, size=ITEM_PAGE + 1)
    shown = items[:ITEM_PAGE]
    last = shown[-1] if len(items) > ITEM_PAGE else None
    if wants_fragment(request) and "filling" in request.GET and queue.n_items:
        return HttpResponseClientRefresh()  # its items and numbers are there now
    leases = list(leases_of(queues=[queue]).order_by("lease_until"))
    said = queue.options.get("report") or {}
    context = {
        "queue": queue,
        "order": ORDERS.get(queue.order),
        "report": _report(queue),
        "without_gold": queue.gold_share > 0 and said.get("gold") == 0,
        "left_to_exams": said.get("left_to_exams"),
        "limit": queue.options.get("limit"),
        "progress": queue_progress(queues=[queue])[queue.pk],
        "cursors": cursors_of(queue=queue),
        "leases": leases,
        "items": shown,
        "lines": lines_of(
            access=access, extents=map(_extent, [*shown, *(lease.item for lease in leases)])
        ),
        "next": f"{last.position:g}:{last.pk}" if last is not None else "",
        "after": after,
        "filling": _filling([queue]).get(queue.pk),
        "members": judges_of(project=access.project),
        "without_scores": queue.reveal_share > 0
        and not scores_exist(project=queue.project, model=queue.model),
        "live": queue.state == Queue.State.OPEN,
    }
    return page_or_fragment(
        request,
        "annotator/queue_detail.html",
        "annotator/_queue_live.html",
        context,
        access=access,
        section="queues",
    )


@require_POST
def queue_state(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Open, pause or close a queue."""
    queue = queue_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    queue_state_set(queue=queue, state=request.POST.get("state", ""))
    messages.success(request, f"{queue.name} is {SAID[queue.state]}.")
    return redirect("annotator:queue", queue.project.name, queue.pk)


@require_POST
def queue_remove(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Delete a queue that nobody has worked in."""
    queue = queue_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    name = queue.project.name
    queue_delete(queue=queue)
    messages.success(request, f"{queue.name} is deleted.")
    return redirect("annotator:queue-list", name)


@require_POST
def queue_assign(request: HtmxRequest, project: str, pk: int, item: int) -> HttpResponse:
    """Keep an item for a member, instead of whoever holds it if they are named."""
    access = project_for_user(user=request.user, name=project)
    chosen = item_for_user(user=request.user, pk=item, project=project, at_least="reviewer")
    if chosen.queue_id != pk:
        raise NotFoundError(f"There is no item {item} in queue {pk}.")
    members = list(judges_of(project=access.project))
    form = AssignForm(request.POST, members=members)
    if not form.is_valid():
        reason = "Choose a member who judges in this project."
        raise InvalidError(reason, fields={"user": reason})
    member = next(row for row in members if row.user_id == form.cleaned_data["user"])
    held = Assignment.objects.filter(item=chosen, pk=form.cleaned_data["instead_of"] or 0).first()
    item_assign(item=chosen, to=member.user, instead_of=held)
    messages.success(request, f"The item is kept for {member.user.get_username()}.")
    return redirect("annotator:queue", access.project.name, pk)


def _mine(request: HtmxRequest, access: Access) -> list[tuple[Queue, Attempts | None]]:
    """Return what the person can work on; of exams also how they stand in it."""
    user = request.user
    return [
        (queue, attempts_of(queue=queue, user=user) if queue.is_exam else None)
        for queue in queues_open_to(project=access.project, user=user)
    ]


def _form(request: HtmxRequest, access: Access) -> QueueForm:
    models = list(reward_models_of(project=access.project, ready=True))
    exams = list(queues_of(project=access.project).filter(is_exam=True, n_items__gt=0))
    return QueueForm(request.POST or None, models=models, exams=exams)


def _report(queue: Queue) -> dict[str, object]:
    """Return what the order said of itself, in words."""
    said = {**(queue.options.get("report") or {})}
    gold = said.pop("gold", None)
    words = {name.replace("_", " ").capitalize(): value for name, value in said.items()}
    wanted = gold is not None and (gold or queue.gold_share > 0)
    return {"Gold items": gold, **words} if wanted else words


def _filling(queues: list[Queue]) -> dict[int, JobRow]:
    """Return the job of each queue that has no items yet, as pages show it."""
    return {pk: JobRow(job) for pk, job in jobs_filling(queues=queues).items()}


def _extent(item: QueueItem) -> Extent:
    """Return what is judged: a trace, what is below a step, or the whole problem."""
    return extent(item.problem_id, item.trace.end_id if item.trace else None, item.parent_id)


def _after(request: HttpRequest) -> tuple[float, int] | None:
    """Read ``?after=POSITION:ID``; what this page did not make is the first page."""
    position, _, pk = request.GET.get("after", "")[:60].partition(":")
    try:
        return (float(position), int(pk)) if -(2**63) <= int(pk) < 2**63 else None
    except ValueError:
        return None
