"""The Agreement page: how far annotators agree, who differs, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotator.errors import AnnotatorError
from annotator.forms import add_errors
from annotator.models import Worker
from annotator.queries.access import project_for_user
from annotator.queries.agreement.reports import COUNT_LIMIT, agreement_state
from annotator.queries.agreement.scope import scope_checked
from annotator.queries.guidelines.versions import guideline_versions
from annotator.queries.jobs import live_workers, missing_worker
from annotator.queries.queues.progress import queues_of
from annotator.queries.trees.sparklines import extent, lines_of
from annotator.services.agreement import agreement_request
from annotator.views.http import page, wants_fragment
from annotator.views.pages.agreement.forms import AgreementForm
from annotator.views.pages.agreement.rows import ReportRows
from annotator.views.pages.jobs.rows import JobRow

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.models import Project
    from annotator.queries.access import Access
    from annotator.queries.agreement.reports import AgreementState
    from annotator.queries.agreement.scope import Scope
    from annotator.queries.trees.sparklines import Extent
    from annotator.views.http import HtmxRequest


@require_safe
def agreement(request: HtmxRequest, project: str) -> HttpResponse:
    """Show the newest report; where judgements have come since, a job computes the next.

    The part that htmx asks for says how that goes; it never starts one, so a page that stays open
    computes nothing by itself.
    """
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    form = _form(request, access.project)
    scope = _scope(form, access.project)
    if scope is None:
        context = {"form": form, "filtered": True}
        return page(
            request,
            "annotator/agreement.html",
            context,
            access=access,
            section="agreement",
            status=422,
        )
    if wants_fragment(request):
        return _progress(request, access, agreement_state(project=access.project, scope=scope))
    state = agreement_request(project=access.project, scope=scope, user=request.user)
    rows = ReportRows(access.project, state.report) if state.report else None
    context = _status(request, state, shown=state.report.pk if state.report else 0) | {
        "form": form,
        "filtered": bool(request.GET),
        "rows": rows,
        "lines": lines_of(access=access, extents=_extents(rows) if rows is not None else []),
    }
    return page(request, "annotator/agreement.html", context, access=access, section="agreement")


def _extents(rows: ReportRows) -> list[Extent]:
    """Return what the lists of disagreements are about."""
    steps = [(row.step.problem_id, row.step.pk) for row in rows.apart_steps]
    return [*steps, *(extent(row.problem.pk, row.place) for row in rows.apart_rankings)]


def _form(request: HtmxRequest, project: Project) -> AgreementForm:
    versions = guideline_versions(project=project)
    return AgreementForm(request.GET, queues=queues_of(project=project), guidelines=versions)


def _scope(form: AgreementForm, project: Project) -> Scope | None:
    """Return what the form asks for, None with the reasons in the form."""
    if not form.is_valid():
        return None
    try:
        return scope_checked(project=project, **form.wanted())
    except AnnotatorError as error:
        add_errors(form, error)
        return None


def _progress(request: HtmxRequest, access: Access, state: AgreementState) -> HttpResponse:
    """Answer the poll: how far the job is; a page without figures is loaded again with them."""
    asked = request.GET.get("shown", "")
    shown = int(asked[:19]) if asked.isascii() and asked.isdecimal() else 0
    if not shown and state.report is not None:
        return HttpResponseClientRefresh()
    context = {"access": access, "project": access.project} | _status(request, state, shown=shown)
    return render(request, "annotator/_agreement_status.html", context)


def _status(request: HtmxRequest, state: AgreementState, *, shown: int) -> dict[str, object]:
    query = request.GET.copy()
    query.pop("shown", None)
    asked = query.urlencode()
    query["shown"] = str(shown)
    waiting = state.is_open and not live_workers(Worker.Kind.IO).exists()
    return {
        "state": state,
        "row": JobRow(state.job) if state.job else None,
        "job": state.job,
        "query": asked,
        "poll": query.urlencode(),
        "is_new": state.report is not None and state.report.pk != shown,
        "many": state.newer > COUNT_LIMIT,
        "limit": COUNT_LIMIT,
        "missing_worker": missing_worker(Worker.Kind.IO, state.job) if waiting else "",
    }
