"""Panels beside a step: remarks and questions, and what one would have written instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django import forms
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import AnnotatorError
from annotator.numbers import whole_number
from annotator.queries.access import access_to, problem_for_user, step_for_user
from annotator.queries.judgements.comments import comment_for_user, threads_of
from annotator.queries.judgements.own import alternative_of_user
from annotator.services.judgements.alternatives import alternative_clear, alternative_set
from annotator.services.judgements.comments import KINDS, comment_add, comment_resolve
from annotator.views.workbench.judgements import checked

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from annotator.models import Problem, Step
    from annotator.views.http import HtmxRequest

CHANGED = "talk-changed"


class RemarkForm(forms.Form):
    """A remark, a reply, or a question about the guidelines."""

    text = forms.CharField(required=False, max_length=20_000, empty_value="")
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS], required=False)
    answers = forms.IntegerField(required=False, min_value=1)
    key = forms.UUIDField(required=False)


class AlternativeForm(forms.Form):
    """The replacement of a step; cleared by its own button."""

    text = forms.CharField(required=False, max_length=200_000, strip=False, empty_value="")
    clear = forms.BooleanField(required=False)
    key = forms.UUIDField(required=False)


@require_http_methods(["GET", "POST"])
def step_comments(request: HttpRequest, project: str, pk: int, step: int) -> HttpResponse:
    """Show what is said about a step, or say something."""
    person = cast("HtmxRequest", request).user
    return _comments(request, person, *_step(person, project, pk, step))


@require_http_methods(["GET", "POST"])
def problem_comments(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Show what is said about the problem as a whole, or say something."""
    person = cast("HtmxRequest", request).user
    problem = problem_for_user(user=person, pk=pk, at_least="annotator", project=project)
    return _comments(request, person, problem, None)


@require_POST
def comment_settle(request: HttpRequest, project: str, pk: int, remark: int) -> HttpResponse:
    """Close a thread or open it again: whoever began it, and reviewers."""
    person = cast("HtmxRequest", request).user
    problem = problem_for_user(user=person, pk=pk, at_least="annotator", project=project)
    chosen = comment_for_user(user=person, pk=remark, problem=problem, to_settle=True)
    comment_resolve(comment=chosen, user=person, resolved=request.POST.get("resolved") != "0")
    return _panel(request, person, problem, chosen.step)


@require_http_methods(["GET", "POST"])
def step_alternative(request: HttpRequest, project: str, pk: int, step: int) -> HttpResponse:
    """Show, write or take back the step that should stand here."""
    person = cast("HtmxRequest", request).user
    problem, chosen = _step(person, project, pk, step)
    about: dict[str, Any] = {"problem": problem, "parent": chosen.parent, "replaces": chosen}
    error: AnnotatorError | None = None
    typed = ""
    if request.method == "POST":
        data = checked(AlternativeForm(request.POST))
        about |= {"user": person, "idempotency_key": data["key"]}
        typed = str(data["text"])
        try:
            if data["clear"]:
                alternative_clear(**about)
            else:
                alternative_set(text=typed, **about)
        except AnnotatorError as refused:
            error = refused
        if error is None and not request.headers.get("HX-Request"):
            return _to_step(problem, chosen)
    own = alternative_of_user(step=chosen, user=person)
    context = {
        "step": chosen,
        "own": own,
        "text": typed if error else (own.text if own else ""),
        "error": error.message if error else "",
        "url": request.path,
        "key": uuid4(),
        "saved": request.method == "POST" and error is None,
    }
    return _changed(
        request, render(request, "annotator/workbench_alternative.html", context), error
    )


def _comments(
    request: HttpRequest, person: User, problem: Problem, step: Step | None
) -> HttpResponse:
    if request.method == "GET":
        return _panel(request, person, problem, step)
    data = checked(RemarkForm(request.POST))
    error: AnnotatorError | None = None
    try:
        thread = cast("int | None", data["answers"])
        begun = comment_for_user(user=person, pk=thread, problem=problem) if thread else None
        comment_add(
            problem=problem,
            user=person,
            step=step,
            text=str(data["text"]),
            kind=str(data["kind"]) or KINDS[0],
            answers=begun,
            idempotency_key=cast("Any", data["key"]),
        )
    except AnnotatorError as refused:
        error = refused
    if error is None and not request.headers.get("HX-Request"):
        return _to_step(problem, step)
    return _panel(request, person, problem, step, error=error)


def _panel(
    request: HttpRequest,
    person: User,
    problem: Problem,
    step: Step | None,
    *,
    error: AnnotatorError | None = None,
) -> HttpResponse:
    access = access_to(user=person, project=problem.project)
    kwargs: dict[str, Any] = {"project": problem.project.name, "pk": problem.pk}
    name = "problem-comments"
    if step is not None:
        name, kwargs = "step-comments", kwargs | {"step": step.pk}
    before = request.GET.get("before", "")
    threads, earlier = threads_of(
        access=access,
        problem=problem,
        step=step,
        before=whole_number(before),
    )
    context = {
        "threads": threads,
        "earlier": earlier,
        "before": before,
        "problem": problem,
        "project": problem.project,
        "access": access,
        "step": step,
        "url": reverse(f"annotator:{name}", kwargs=kwargs),
        "error": error.message if error else "",
        "typed": request.POST.get("text", "") if error else "",
        "flag": request.GET.get("kind") == KINDS[1],
        "key": uuid4(),
    }
    return _changed(request, render(request, "annotator/workbench_comments.html", context), error)


def _changed(
    request: HttpRequest, response: HttpResponse, error: AnnotatorError | None
) -> HttpResponse:
    """Tell the page after a change, or give the panel the status of what went wrong."""
    if error is not None:
        response.status_code = error.status
    elif request.method == "POST":
        response["HX-Trigger"] = CHANGED
    return response


def _step(person: User, project: str, pk: int, step: int) -> tuple[Problem, Step]:
    chosen = step_for_user(user=person, pk=step, at_least="annotator", project=project, problem=pk)
    return chosen.problem, chosen


def _to_step(problem: Problem, step: Step | None) -> HttpResponse:
    kwargs = {"project": problem.project.name, "pk": problem.pk}
    address = reverse("annotator:problem", kwargs=kwargs)
    return redirect(f"{address}?step={step.pk}" if step is not None else address)
