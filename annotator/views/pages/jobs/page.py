"""The Jobs page: what waits, runs and ended; cancel and resume; is anybody working."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from annotator.models import Job
from annotator.queries.access import job_for_user, project_for_user
from annotator.queries.agreement.scope import Scope
from annotator.queries.jobs import jobs_of_project, metrics_of_job, worker_health
from annotator.queries.judges import used_by_job
from annotator.queries.paging import page_of
from annotator.queries.projects import open_jobs_count
from annotator.services.jobs import job_cancel_request, job_resume
from annotator.views.http import page_or_fragment, wants_fragment
from annotator.views.pager import page_asked, pager
from annotator.views.pages.charts import charts
from annotator.views.pages.jobs.rows import JobRow
from annotator.views.pages.models.metrics import metric_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from annotator.queries.access import Access
    from annotator.views.http import HtmxRequest

PAGE_SIZE = 30
MADE_IN: dict[str, tuple[str, str]] = {
    Job.Kind.SNAPSHOT: ("dataset-list", "Open the datasets"),
    Job.Kind.QUEUE: ("queue-list", "Open the queues"),
}
"""The page that lists what a kind of job made, and its words."""
ADDRESSES = {
    "export": "annotator:export-detail",
    "model": "annotator:model-detail",
    "evaluation": "annotator:evaluation",
}


@require_safe
def job_list(request: HtmxRequest, project: str) -> HttpResponse:
    """List jobs, newest first; the table refreshes itself while one is open."""
    access = project_for_user(user=request.user, name=project)
    found = page_of(
        jobs_of_project(project=access.project).select_related("project"),
        **page_asked(request),
        size=PAGE_SIZE,
    )
    rows = [JobRow(job) for job in found.rows]
    context = {
        "jobs": rows,
        "pager": pager(request, found),
        "query": request.GET.urlencode(),
        "live": any(row.is_open for row in rows),
        "health": worker_health(),
    }
    return page_or_fragment(
        request,
        "annotator/job_list.html",
        "annotator/_job_table.html",
        context,
        access=access,
        section="jobs",
    )


@require_safe
def jobs_open(request: HtmxRequest, project: str) -> HttpResponse:
    """Give the count of the header; nothing once no job is open."""
    access = project_for_user(user=request.user, name=project)
    context = {"project": access.project, "jobs_live": open_jobs_count(access=access)}
    return render(request, "annotator/_jobs_open.html", context)


@require_safe
def job_detail(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show one job; its fragment refreshes itself until the job has ended."""
    access = project_for_user(user=request.user, name=project)
    job = job_for_user(user=request.user, pk=pk, project=project)
    context = _detail(job)
    response = page_or_fragment(
        request,
        "annotator/job_detail.html",
        "annotator/_job.html",
        context,
        access=access,
        section="jobs",
    )
    if wants_fragment(request) and not context["poll"]:
        return HttpResponseStopPolling(response.content)
    return response


@require_POST
def job_cancel(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Ask a job to stop."""
    job = job_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    return _acted(request, project, job_cancel_request(job=job), "Cancelling.")


@require_POST
def job_resume_view(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Queue a failed or cancelled job again."""
    job = job_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    return _acted(request, project, job_resume(job=job), "Queued again.")


def _acted(request: HtmxRequest, project: str, job: Job, said: str) -> HttpResponse:
    """Answer an action: the job's fragment for htmx, the page again for a browser."""
    if wants_fragment(request):
        fresh = job_for_user(user=request.user, pk=job.pk)
        access = project_for_user(user=request.user, name=project)
        return render(request, "annotator/_job.html", _frame(access) | _detail(fresh))
    messages.success(request, said)
    return redirect("annotator:job-detail", job.project.name, job.pk)


def _frame(access: Access) -> dict[str, object]:
    return {"access": access, "project": access.project}


def _made(job: Job, row: JobRow) -> tuple[str, str] | None:
    """Return address and words of what a finished job made, or of the way back if it made nothing."""
    name = job.project.name
    if row.is_open:
        return None
    for noun, row_made in (
        ("export", job.exports.first()),
        ("model", job.models.filter(ready=True).first()),
        ("evaluation", job.evaluations.filter(ready=True).first()),
    ):
        if row_made is not None:
            return reverse(ADDRESSES[noun], args=[name, row_made.pk]), f"Open the {noun}"
    if job.state != Job.State.DONE and not row.was_refused:
        return None
    if job.kind in LEADS_TO:
        return LEADS_TO[job.kind](job)
    target, words = MADE_IN.get(job.kind, ("problem-list", "Open the problems"))
    if row.was_refused:
        target, words = "import", "Import again"
    return reverse(f"annotator:{target}", args=[name]), words


def _to_tokens(job: Job) -> tuple[str, str]:
    kept = {key: job.args[key] for key in ("end", "model", "method")}
    here = reverse("annotator:attribution", args=[job.project.name, job.args["problem"]])
    return f"{here}?{urlencode(kept)}", "Read the tokens"


def _to_model(job: Job) -> tuple[str, str]:
    here = reverse("annotator:model-detail", args=[job.project.name, job.args["model"]])
    return here, "Open the model"


def _to_figures(job: Job) -> tuple[str, str]:
    query = Scope.from_stored(job.args["scope"]).query
    return f"{reverse('annotator:agreement', args=[job.project.name])}?{query}", "Open the figures"


LEADS_TO: dict[str, Callable[[Job], tuple[str, str]]] = {
    Job.Kind.ATTRIBUTE: _to_tokens,
    Job.Kind.FAITHFUL: _to_model,
    Job.Kind.AGREEMENT: _to_figures,
}
"""What a kind of job leads to, where its arguments say it."""


def _detail(job: Job) -> dict[str, object]:
    row = JobRow(job)
    return {
        "row": row,
        "made": _made(job, row),
        "metrics": metric_rows(job.result.get("metrics") or {}),
        "charts": charts(metrics_of_job(job=job)),
        "used": used_by_job(job=job),
        "health": [h for h in worker_health() if h.kind == row.queue],
        "poll": row.is_open,
    }
