"""Adjudication: where people differ, one case at a time, blind first, then side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from annotator.errors import AnnotatorError, NotFoundError
from annotator.forms import add_errors
from annotator.numbers import whole_number
from annotator.queries.access import access_to, problem_for_user, project_for_user, step_for_user
from annotator.queries.adjudication.cases import ranking_case, span_case, step_case
from annotator.queries.adjudication.disagreements import LISTS
from annotator.queries.guidelines.taxonomy import error_type_labels, error_types_of
from annotator.queries.rankings.criteria import criterion_labels
from annotator.queries.rankings.places import place_of
from annotator.queries.trees.sparklines import extent, lines_of
from annotator.services.adjudication import (
    Rating,
    ranking_decide,
    ranking_decision_withdraw,
    span_decide,
    span_decision_withdraw,
    step_decide,
    step_decision_withdraw,
)
from annotator.services.judgements.spans import span_check
from annotator.services.rankings.answers import answer_check
from annotator.views.http import page, wants_fragment
from annotator.views.pages.adjudication.forms import BlindAnswers, OrderForm, RatingForm
from annotator.views.pages.adjudication.links import KINDS, case_address, list_told
from annotator.views.ranking.case import case_board

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from annotator.models import Problem
    from annotator.queries.access import Access
    from annotator.queries.adjudication.cases import Case
    from annotator.queries.trees.sparklines import Extent
    from annotator.views.http import HtmxRequest

SECTION = "adjudication"
# What a row of each list is about.
EXTENTS: dict[str, Callable[[Any], Extent]] = {
    "steps": lambda row: (row.step.problem_id, row.step.pk),
    "spans": lambda row: (row.last.problem_id, row.last.pk),
    "rankings": lambda row: extent(row.problem.pk, row.parent.pk if row.parent else None),
}
# Value, key and words of each rating.
RATINGS = (
    ("-1", "1", "−1 wrong"),
    ("0", "2", "0 neutral"),
    ("1", "3", "+1 right"),
    ("unsure", "4", "cannot be decided"),
)


@dataclass(frozen=True, slots=True)
class Verbs:
    """What a case's page does with what was sent; each raises what it refuses.

    Attributes:
        check: a blind answer that passed the form.
        decide: with the blind answer that was kept, if there is one.
        withdraw: the decision.
    """

    check: Callable[[], object]
    decide: Callable[[dict[str, Any] | None], object]
    withdraw: Callable[[], object]


@require_safe
def adjudication_list(request: HtmxRequest, project: str) -> HttpResponse:
    """List what people judged differently, the worst first."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    asked = request.GET.get("kind", "")
    kind = asked if asked in KINDS else "steps"
    decided, imported = request.GET.get("state") == "decided", "imported" in request.GET
    rows, after = LISTS[kind](
        project=access.project,
        decided=decided,
        imported=imported,
        after=request.GET.get("after", ""),
    )
    same = {"kind": kind, **list_told(decided=decided, imported=imported)}
    context = {
        "kind": kind,
        "kinds": [
            (key, label, f"?{urlencode({**same, 'kind': key})}") for key, label in KINDS.items()
        ],
        "lines": lines_of(access=access, extents=[EXTENTS[kind](row) for row in rows]),
        "rows": [(row, case_address(access.project, row, imported=imported)) for row in rows],
        "decided": decided,
        "imported": imported,
        "criteria": criterion_labels(access.project),
        "next": f"?{urlencode({**same, 'after': after})}" if after else "",
    }
    template = "annotator/adjudication_list.html"
    return page(request, template, context, access=access, section=SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
def adjudication_step(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Judge a step blind, then decide on what others said of it."""
    step = step_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    case = step_case(step=step, user_id=request.user.pk, imported="imported" in request.GET)
    form = _rating_form(request, step.problem, case)
    user = request.user
    verbs = Verbs(
        check=lambda: None,
        decide=lambda blind: step_decide(step=step, user=user, **_rated(form, blind)),
        withdraw=lambda: step_decision_withdraw(step=step, user=user),
    )
    return _case(request, step.problem, case, form, verbs)


@require_http_methods(["GET", "HEAD", "POST"])
def adjudication_span(request: HtmxRequest, project: str, first: int, last: int) -> HttpResponse:
    """Judge a run of steps blind, then decide on the spans of others that hold it."""
    user = request.user
    start, end = (
        step_for_user(user=user, pk=pk, project=project, at_least="reviewer")
        for pk in (first, last)
    )
    try:
        span_check(first=start, last=end)
    except AnnotatorError as error:
        raise NotFoundError(error.message) from None
    imported = "imported" in request.GET
    case = span_case(first=start, last=end, user_id=user.pk, imported=imported)
    form = _rating_form(request, start.problem, case)
    verbs = Verbs(
        check=lambda: None,
        decide=lambda blind: span_decide(first=start, last=end, user=user, **_rated(form, blind)),
        withdraw=lambda: span_decision_withdraw(first=start, last=end, user=user),
    )
    return _case(request, start.problem, case, form, verbs)


@require_http_methods(["GET", "HEAD", "POST"])
def adjudication_ranking(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Order the items of a place blind, then decide on the orders that others gave."""
    problem = problem_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    parent = request.GET.get("parent", "")
    place = place_of(
        problem=problem,
        level=request.GET.get("level", "step"),
        parent_id=(whole_number(parent) or 0) if parent else None,
    )
    criterion, user = request.GET.get("criterion", ""), request.user
    access = access_to(user=user, project=problem.project)
    board = case_board(
        access=access, place=place, criterion=criterion, against=request.GET.get("against", "")
    )
    if request.method != "POST" and wants_fragment(request):
        return render(request, board["texts"], board)
    imported = "imported" in request.GET
    case = ranking_case(place=place, criterion=criterion, user_id=user.pk, imported=imported)
    form = OrderForm(request.POST or None, items=case.items)
    here: dict[str, Any] = {"place": place, "criterion": criterion}
    verbs = Verbs(
        check=lambda: answer_check(**here, answer=form.answer()),
        decide=lambda blind: ranking_decide(**here, user=user, **_ordered(form, blind, case)),
        withdraw=lambda: ranking_decision_withdraw(**here, user=user),
    )
    return _case(request, problem, case, form, verbs, board)


def _rating_form(request: HtmxRequest, problem: Problem, case: Case) -> RatingForm:
    """Return the form; the type of a decision can stay though it is retired."""
    decided = case.decision.decision.get("error_type", "") if case.decision else ""
    types = error_types_of(project=problem.project, keep=decided)
    return RatingForm(request.POST or None, types=types)


def _rated(form: RatingForm, blind: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a rating form says as the arguments of a decision."""
    return {
        "decision": Rating(**form.answer()),
        "blind": Rating(**blind) if blind else None,
        **form.said(),
    }


def _ordered(form: OrderForm, blind: dict[str, Any] | None, case: Case) -> dict[str, Any]:
    """Return what an order form says as the arguments of a decision."""
    return {
        "decision": form.answer(),
        "blind": OrderForm.read(blind["order"], case.items) if blind else None,
        **form.said(),
    }


def _case(
    request: HtmxRequest,
    problem: Problem,
    case: Case,
    form: RatingForm | OrderForm,
    verbs: Verbs,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """Do what was sent, or show the case; what is refused stands in the form."""
    access = access_to(user=request.user, project=problem.project)
    blind = BlindAnswers(request.session)
    verb = request.POST.get("do", "") if request.method == "POST" else "show"
    if verb == "withdraw":
        verbs.withdraw()
        messages.success(request, "The decision is withdrawn; it stays in the history.")
        return redirect(request.get_full_path())
    if verb != "show" and form.is_valid():
        try:
            if verb == "blind":
                verbs.check()
            else:
                verbs.decide(blind.of(case.key))
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            if verb != "blind":
                return _go_on(request, access, case, blind)
            blind.keep(case.key, form.kept())
            return redirect(request.get_full_path())
    return _case_page(request, access, problem, case, form, more or {})


def _case_page(
    request: HtmxRequest,
    access: Access,
    problem: Problem,
    case: Case,
    form: RatingForm | OrderForm,
    more: dict[str, Any],
) -> HttpResponse:
    """Show the blind question, or the case; a person who judged here is not blind any more."""
    said = BlindAnswers(request.session).of(case.key)
    is_open = said is not None or case.own is not None or case.decision is not None
    if request.method != "POST" and case.decision is not None:
        form = form.shows(case.decision)
    if "board" in more:
        more["board"] |= {"given": case.orders if is_open else ()}
    context = more | {
        "problem": problem,
        "case": case,
        "form": form,
        "blind": said,
        "open": is_open,
        "ratings": RATINGS,
        "types": error_type_labels(project=access.project),
        "criterion": criterion_labels(access.project).get(case.criterion, case.criterion),
        "back": reverse("annotator:adjudication", args=[access.project.name])
        + f"?{urlencode({'kind': case.kind})}",
        "decider": case.decision.rater.name if case.decision else "",
    }
    return page(
        request,
        "annotator/adjudication_case.html",
        context,
        access=access,
        section=SECTION,
        status=422 if form.errors else 200,
    )


def _go_on(request: HtmxRequest, access: Access, case: Case, blind: BlindAnswers) -> HttpResponse:
    """Go to the next open case of the same kind, or back to the list."""
    blind.forget(case.key)
    messages.success(request, "Decided. The names are on the page of the decision.")
    imported = "imported" in request.GET
    rows, _ = LISTS[case.kind](project=access.project, imported=imported, size=1)
    for row in rows:
        return redirect(case_address(access.project, row, imported=imported))
    address = reverse("annotator:adjudication", args=[access.project.name])
    return redirect(f"{address}?{urlencode({'kind': case.kind})}")
