"""The ranking surfaces: steps, branches and traces, each its own page of one place.

``place_context`` is also what a queue's item shows. Every saved answer is an event under a key that
the browser made; scripts get the order so far back, a browser without scripts the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotator.errors import ForbiddenError
from annotator.numbers import whole_number
from annotator.queries.access import problem_for_user, project_for_user, step_for_user
from annotator.queries.rankings.cards import (
    branch_rows,
)
from annotator.queries.rankings.places import (
    letters,
    own_rankings,
    place_of,
    record_of,
    shown_order,
)
from annotator.queries.rankings.places_list import next_place
from annotator.queries.rankings.questions import questions_at
from annotator.queries.rankings.strengths import DEFAULT_METHOD, strengths_of
from annotator.services.rankings.answers import ranking_clear, ranking_set
from annotator.views.http import HtmxRequest, page, wants_fragment
from annotator.views.ranking.answers import RankingForm, answer_sent, drafts_sent
from annotator.views.ranking.context import TEXTS, place_context, place_urls, table_of, url_of
from scoring.preference.registry import STRENGTHS

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from annotator.queries.access import Access
    from annotator.queries.rankings.places import Place


@require_http_methods(["GET", "HEAD", "POST"])
def surface(
    request: HttpRequest, project: str, pk: int, level: str, parent: int | None = None
) -> HttpResponse:
    """Show a place to rank, or save the person's answer under one criterion."""
    request = cast("HtmxRequest", request)
    access, place = _opened(request, project, pk, level, parent)
    if request.method == "POST":
        return _save(request, access, place)
    against = request.GET.get("against", "")
    context = place_context(
        access=access,
        user=request.user,
        place=place,
        criterion=request.GET.get("on"),
        against=whole_number(against),
    )
    if wants_fragment(request):
        return render(request, TEXTS.get(level, context["sections"]), context)
    return page(request, "annotator/ranking.html", context, access=access, section="rankings")


@require_POST
def order(
    request: HttpRequest, project: str, pk: int, level: str, parent: int | None = None
) -> HttpResponse:
    """Show what the person's unsaved answers amount to, pair by pair; nothing is stored."""
    request = cast("HtmxRequest", request)
    access, place = _opened(request, project, pk, level, parent)
    if not access.may_label:
        raise ForbiddenError("You may look at this place, not rank it.")
    shown = shown_order(place=place, user_id=request.user.pk)
    records = drafts_sent(request.POST, place, request.user.pk)
    context = {"table": table_of(place, records, shown), "place": place}
    return render(request, "annotator/ranking_order.html", context)


@require_GET
def strengths(
    request: HttpRequest, project: str, pk: int, level: str, parent: int | None = None
) -> HttpResponse:
    """Show what everybody's rankings of the place amount to; reviewers only."""
    request = cast("HtmxRequest", request)
    access, place = _opened(request, project, pk, level, parent)
    if not access.may_review:
        raise ForbiddenError("Everybody's rankings are open to reviewers and owners.")
    method = request.GET.get("method", DEFAULT_METHOD)
    shown = shown_order(place=place, user_id=request.user.pk)
    context = {
        "place": place,
        "found": strengths_of(place=place, method=method),
        "letters": letters(shown),
        "methods": STRENGTHS.values(),
        "method": STRENGTHS[method],
        "place_urls": place_urls(place),
    }
    return render(request, "annotator/ranking_strengths.html", context)


@require_GET
def branch(request: HttpRequest, project: str, pk: int, step: int) -> HttpResponse:
    """Show the steps of one branch in tree order, with the outcomes of the traces that end there."""
    person = cast("HtmxRequest", request).user
    first = step_for_user(user=person, pk=step, project=project, problem=pk)
    rows, more = branch_rows(first=first)
    context = {
        "rows": rows,
        "more": more,
        "step": first,
        "problem": first.problem,
        "project": first.problem.project,
        "name": first.problem.project.primary_outcome,
    }
    return render(request, "annotator/ranking_branch.html", context)


@require_GET
def next_to_rank(request: HttpRequest, project: str, pk: int, level: str) -> HttpResponse:
    """Go to the next place of the level that the person has not ranked, or to the problem's list."""
    request = cast("HtmxRequest", request)
    problem = problem_for_user(user=request.user, pk=pk, project=project)
    after = request.GET.get("after", "")
    row = next_place(
        problem=problem,
        level=level,
        user_id=request.user.pk,
        after=whole_number(after),
    )
    if row is None:
        return redirect("annotator:problem-rankings", problem.project.name, pk)
    return redirect(url_of("rank", level, problem.project.name, pk, row.parent_id))


def _opened(
    request: HtmxRequest, project: str, pk: int, level: str, parent: int | None
) -> tuple[Access, Place]:
    access = project_for_user(user=request.user, name=project)
    problem = problem_for_user(user=request.user, pk=pk, project=project)
    problem.project = access.project
    return access, place_of(problem=problem, level=level, parent_id=parent)


def _save(request: HtmxRequest, access: Access, place: Place) -> HttpResponse:
    if not access.may_label:
        raise ForbiddenError("You may look at this place, not rank it. Ask an owner for the role.")
    said = RankingForm(request.POST).checked()
    shown = shown_order(place=place, user_id=request.user.pk)
    common: dict[str, Any] = {
        "place": place,
        "user": request.user,
        "criterion": said["criterion"],
        "idempotency_key": said["key"],
    }
    if said["clear"]:
        ranking_clear(**common)
    else:
        ranking_set(
            answer=answer_sent(request.POST, shown),
            note=said["note"],
            milliseconds=said["milliseconds"],
            shown_score=False,  # no model score is on any of the surfaces
            **common,
        )
    if not request.headers.get("HX-Request"):
        return redirect(place_urls(place)["save"])
    own = own_rankings(place=place, user_id=request.user.pk)
    context = {
        "place": place,
        "project": access.project,
        "criterion": said["criterion"],
        "cleared": said["clear"],
        "own": own,
        "table": table_of(place, [record_of(row) for row in own.values()], shown),
        "questions": questions_at(place=place, access=access),
        "access": access,
    }
    return render(request, "annotator/ranking_saved.html", context)
