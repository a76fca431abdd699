"""The problem list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.http import require_safe

from annotator.forms import ProblemFilterForm
from annotator.queries.access import project_for_user
from annotator.queries.trees.problems import COUNT_LIMIT, problem_page, problems_count, progress_of
from annotator.queries.trees.sparklines import lines_of
from annotator.views.http import page_or_fragment

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.views.http import HtmxRequest


@require_safe
def problem_list(request: HtmxRequest, project: str) -> HttpResponse:
    """List problems by filter and page; htmx gets the table alone."""
    access = project_for_user(user=request.user, name=project)
    form = ProblemFilterForm(request.GET)
    form.is_valid()
    wanted = form.wanted()
    here: dict[str, Any] = {"access": access, "wanted": wanted}
    found = problem_page(
        **here,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    count = problems_count(**here)
    query = request.GET.copy()
    for key in ("after", "before"):
        query.pop(key, None)
    context = {
        "form": form,
        "wanted": wanted,
        "found": found,
        "lines": lines_of(access=access, extents=[(row.problem.pk, None) for row in found.rows]),
        "count": min(count, COUNT_LIMIT),
        "more_than_counted": wanted.narrows and count > COUNT_LIMIT,
        "progress": progress_of(access=access),
        "query": query.urlencode(),
    }
    return page_or_fragment(
        request,
        "annotator/problem_list.html",
        "annotator/_problem_table.html",
        context,
        access=access,
        section="problems",
    )
