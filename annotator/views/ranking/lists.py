"""Where to rank: the project's problems, a problem's places; and the criteria people rank by."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from annotator.errors import AnnotatorError
from annotator.numbers import whole_number
from annotator.queries.access import problem_for_user, project_for_user
from annotator.queries.rankings.criteria import (
    criteria_of,
    criteria_rows,
    rankings_by_criterion,
)
from annotator.queries.rankings.places_list import FORKS, PAGE, places_of, ranked_problems
from annotator.queries.rankings.questions import questions_of
from annotator.queries.trees.sparklines import lines_of
from annotator.services.rankings.criteria import criteria_set
from annotator.views.http import page
from annotator.views.ranking.criteria_form import CriteriaForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from annotator.queries.access import Role
    from annotator.views.http import HtmxRequest


@require_GET
def ranking_list(request: HttpRequest, project: str) -> HttpResponse:
    """List the project's problems that have something to rank."""
    request = cast("HtmxRequest", request)
    access = project_for_user(user=request.user, name=project)
    start = whole_number(request.GET.get("after")) or 0
    rows = ranked_problems(project=access.project, user_id=request.user.pk, after=start)
    context = {
        "rows": rows[:PAGE],
        "lines": lines_of(access=access, extents=[(row.problem.pk, None) for row in rows[:PAGE]]),
        "next": rows[PAGE - 1].problem.pk if len(rows) > PAGE else None,
        "criteria": criteria_of(access.project),
    }
    return page(request, "annotator/ranking_list.html", context, access=access, section="rankings")


@require_GET
def problem_rankings(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """List the places of one problem, and for reviewers what contradicts itself."""
    request = cast("HtmxRequest", request)
    access = project_for_user(user=request.user, name=project)
    problem = problem_for_user(user=request.user, pk=pk, project=project)
    problem.project = access.project
    places, forks = places_of(problem=problem, user_id=request.user.pk)
    context = {
        "problem": problem,
        "places": places,
        "lines": lines_of(access=access, extents=[(pk, row.parent_id) for row in places]),
        "more": max(0, forks - FORKS),
        "n_criteria": len(criteria_of(access.project)) + 1,
        "questions": questions_of(problems=[problem], access=access).get(pk, []),
    }
    return page(
        request, "annotator/ranking_places.html", context, access=access, section="rankings"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def criteria(request: HttpRequest, project: str) -> HttpResponse:
    """Show the criteria in order of importance; an owner changes them."""
    request = cast("HtmxRequest", request)
    needed: Role = "owner" if request.method == "POST" else "viewer"
    access = project_for_user(user=request.user, name=project, at_least=needed)
    used = rankings_by_criterion(project=access.project)
    form = CriteriaForm(request.POST or None, rows=criteria_rows(access.project))
    status = 200
    if request.method == "POST":
        status = 422
        try:
            criteria_set(project=access.project, rows=form.rows_sent())
        except AnnotatorError as error:
            form.refused(error)
            status = error.status
        else:
            messages.success(request, "Criteria saved.")
            return redirect("annotator:criteria", access.project.name)
    context = {"form": form, "lines": form.lines(used)}
    return page(
        request,
        "annotator/criteria.html",
        context,
        access=access,
        section="criteria",
        status=status,
    )
