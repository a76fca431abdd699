"""The workbench page and its fragments: one URL, whole for a browser, in parts for htmx."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from annotator.numbers import whole_number
from annotator.queries.access import problem_for_user, project_for_user, step_for_user
from annotator.queries.trees.columns import text_previews
from annotator.queries.trees.paths import (
    SIBLINGS,
    first_rows,
    first_step,
    labels_of_user,
    next_unlabelled,
    siblings_of,
    step_in,
)
from annotator.views.http import HtmxRequest, page, wants_fragment
from annotator.views.keys import keys_of, keys_shown
from annotator.views.workbench.inspector import inspector_context
from annotator.views.workbench.judging import judging_page
from annotator.views.workbench.reader import page_urls, reader_context, workbench_of
from annotator.views.workbench.state import ViewState

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from annotator.models import Problem, Step
    from annotator.queries.credit.choices import Choice
    from annotator.views.workbench.reader import Workbench

STATIC_ROWS = 200
DEEPEST_INDENT = 12


def open_bench(request: HttpRequest, project: str, pk: int, step: int | None = None) -> Workbench:
    """Look problem and step up through the person's membership and read the view of the URL."""
    person = cast("HtmxRequest", request).user
    access = project_for_user(user=person, name=project)
    problem = problem_for_user(user=person, pk=pk, project=project)
    problem.project = access.project
    state = ViewState.from_query(request.GET)
    chosen = _step_of(problem, step if step is not None else state.step)
    return workbench_of(access=access, user=person, problem=problem, step=chosen, state=state)


def _step_of(problem: Problem, pk: int | None) -> Step | None:
    """Return the step of the URL, else where to begin; a link to a step that is gone still opens."""
    found = step_in(problem=problem, pk=pk) or first_step(problem=problem)
    if found is not None:
        found.problem = problem
    return found


@require_GET
def problem_detail(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Show one problem's tree; for htmx only the reader and the inspector.

    ``?judge=<trace>`` shows one trace to be judged in order instead.
    """
    request = cast("HtmxRequest", request)
    judged = whole_number(request.GET.get("judge"))
    if judged is not None:
        return judging_page(request, project, pk, judged)
    bench = open_bench(request, project, pk)
    context: dict[str, Any] = {
        "reader": reader_context(bench),
        "inspector": inspector_context(bench),
        "problem": bench.problem,
        "facts": bench.facts(),
    }
    if wants_fragment(request):
        response = render(request, "annotator/workbench_parts.html", context)
    else:
        context |= {
            "bench": bench,
            "coloring": bench.coloring,
            "why": _why(bench),
            "instead": bench.state.query(by=bench.coloring.instead),
            "families": _by_family(bench.colorings.choices()),
            "urls": page_urls(bench.problem),
            "config": _config(bench),
            "keys": keys_shown("workbench"),
            "outline": _first_rows(bench),
        }
        response = page(
            request,
            "annotator/workbench.html",
            context | context["reader"],
            access=bench.access,
            section="problems",
        )
    patch_vary_headers(response, ["HX-Request"])
    return response


def _why(bench: Workbench) -> str:
    """Say why the problem opens with these colours, where they are the ones it opens with."""
    opening = bench.colorings.opening
    return opening.why if opening.key == bench.coloring.key else ""


def _config(bench: Workbench) -> dict[str, object]:
    """Return what the scripts need to know and the markup does not say."""
    return {
        "urls": page_urls(bench.problem),
        "step": bench.step.pk if bench.step is not None else 0,
        "trace": bench.state.trace or 0,
        "by": bench.coloring.key,
        "notice": bench.notice,
        "scale": bench.state.scale,
        "model": bench.model.pk if bench.model is not None else 0,
        "tab": bench.state.tab,
        "fold": bench.state.fold,
        "problem": bench.problem.pk,
        "user": bench.user.pk,
        "mayLabel": bench.access.may_label,
        "keys": keys_of("workbench"),
    }


def _by_family(choices: list[Choice]) -> list[tuple[str, list[Choice]]]:
    """Return the menu of a page without scripts: choices in their order, by family."""
    return [(name, list(group)) for name, group in groupby(choices, key=lambda one: one.family)]


def _first_rows(bench: Workbench) -> list[dict[str, Any]]:
    """Return the outline that is there without scripts: the first steps, as links."""
    steps = first_rows(problem=bench.problem, most=STATIC_ROWS)
    previews = text_previews(problem=bench.problem, at=[step.preorder for step in steps])
    return [
        {
            "pk": step.pk,
            "indent": min(step.depth, DEEPEST_INDENT),
            "href": bench.state.query(step=step.pk),
            "text": previews[step.preorder],
            "credit": float(bench.coloring.values[step.preorder]),
        }
        for step in steps
    ]


@require_GET
def siblings(request: HttpRequest, project: str, pk: int, step: int) -> HttpResponse:
    """Show the step beside its siblings, with the words marked in which they differ."""
    bench = open_bench(request, project, pk)
    chosen = step_for_user(user=cast("HtmxRequest", request).user, pk=step, project=project)
    family = list(siblings_of(step=chosen)[: SIBLINGS + 1])
    labels = labels_of_user(steps=family, user=bench.user)
    cards = [
        {
            "step": other,
            "credit": float(bench.coloring.values[other.preorder]),
            "leaves": other.subtree_end - other.preorder,
            "label": labels.get(other.pk),
            "current": other.pk == chosen.pk,
            "href": bench.state.query(step=other.pk),
        }
        for other in family[:SIBLINGS]
    ]
    context = {
        "bench": bench,
        "step": chosen,
        "cards": cards,
        "more": len(family) > SIBLINGS,
        "coloring": bench.coloring,
    }
    return render(request, "annotator/workbench_siblings.html", context)


@require_GET
def unlabelled(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Go to the nearest step without a label of the person, once around the tree."""
    person = cast("HtmxRequest", request).user
    problem = problem_for_user(user=person, pk=pk, project=project)
    state = ViewState.from_query(request.GET)
    here = _step_of(problem, state.step)
    found = next_unlabelled(
        problem=problem,
        user=person,
        after=here.preorder if here is not None else 0,
        backwards=request.GET.get("way") == "back",
    )
    target = found if found is not None else here
    return redirect(_address(problem, state.query(step=target.pk if target is not None else None)))


def _address(problem: Problem, query: str) -> str:
    kwargs = {"project": problem.project.name, "pk": problem.pk}
    return reverse("annotator:problem", kwargs=kwargs) + query
