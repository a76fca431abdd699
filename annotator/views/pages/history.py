"""The timeline of a problem: what everybody did, restored or undone from here, saved as CSV."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotator.downloads import attachment, csv_text
from annotator.numbers import whole_number
from annotator.queries.access import access_to, problem_for_user, step_for_user
from annotator.queries.history.timeline import event_for_user, history_of, history_whole
from annotator.queries.trees.sparklines import lines_of
from annotator.services.history.restore import judgement_restore, judgements_undo_to
from annotator.views.http import page

if TYPE_CHECKING:
    from annotator.models import Problem, Step
    from annotator.queries.access import Access
    from annotator.views.http import HtmxRequest

COLUMNS = ("time", "who", "what", "note", "step", "trace", "undone", "entry", "id")


@require_safe
def history(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show who did what when, newest first."""
    access, problem, step = _opened(request, project, pk)
    after = request.GET.get("after", "")
    found, following = history_of(access=access, problem=problem, step=step, after=after)
    ends = [entry.step.pk if entry.step else entry.end for entry in found]
    own = step.pk if step is not None else None
    here = {"step": step.pk} if step is not None else {}
    address = reverse("annotator:history-csv", args=[access.project.name, problem.pk])
    context = {
        "problem": problem,
        "step": step,
        "entries": found,
        "lines": lines_of(access=access, extents=[(pk, end) for end in (own, *ends)]),
        "next": f"?{urlencode({**here, 'after': following})}" if following else "",
        "csv": f"{address}?{urlencode(here)}" if here else address,
        "query": f"?{urlencode(here)}" if here else "",
    }
    return page(request, "annotator/history.html", context, access=access, section="problems")


@require_safe
def history_csv(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Give the whole timeline as CSV whose cells a spreadsheet takes for text."""
    access, problem, step = _opened(request, project, pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = attachment(f"{project}-problem-{pk}-history.csv")
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    for entry in history_whole(access=access, problem=problem, step=step):
        words = (entry.who, entry.what, entry.note)
        place = (entry.step.pk if entry.step else "", entry.trace or "")
        told = (int(entry.undone), entry.source, entry.pk)
        writer.writerow([entry.at.isoformat(), *map(csv_text, words), *place, *told])
    return response


@require_POST
def history_restore(request: HtmxRequest, project: str, pk: int, event: int) -> HttpResponse:
    """Restore the state that an event left, or with ``before`` the one it replaced."""
    access, found = event_for_user(user=request.user, pk=event, problem=pk, project=project)
    done = judgement_restore(
        event=found,
        user=request.user,
        may_review=access.may_review,
        before=bool(request.POST.get("before")),
    )
    return _back(request, access, found.problem, done.said)


@require_POST
def history_undo(request: HtmxRequest, project: str, pk: int, event: int) -> HttpResponse:
    """Undo the person's judgements back to an event."""
    access, found = event_for_user(user=request.user, pk=event, problem=pk, project=project)
    done = judgements_undo_to(event=found, user=request.user)
    return _back(request, access, found.problem, done.said)


def _opened(request: HtmxRequest, project: str, pk: int) -> tuple[Access, Problem, Step | None]:
    problem = problem_for_user(user=request.user, pk=pk, project=project)
    access = access_to(user=request.user, project=problem.project)
    wanted = request.GET.get("step", "")
    step = None
    if wanted:
        step = step_for_user(
            user=request.user, pk=whole_number(wanted) or 0, project=project, problem=pk
        )
    return access, problem, step


def _back(
    request: HtmxRequest, access: Access, problem: Problem, said: tuple[str, ...]
) -> HttpResponse:
    messages.success(request, " ".join(said))
    address = reverse("annotator:history", args=[access.project.name, problem.pk])
    step = request.GET.get("step", "")
    return redirect(f"{address}?{urlencode({'step': step})}" if step.isdecimal() else address)
