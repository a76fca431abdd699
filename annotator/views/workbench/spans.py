"""Judging a run of consecutive steps as one unit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from annotator.numbers import whole_number
from annotator.queries.access import step_for_user
from annotator.queries.guidelines.taxonomy import error_types_of
from annotator.queries.judgements.spans import span_marks, span_of_user, spans_of_user
from annotator.services.judgements.spans import span_check, span_label_clear, span_label_set
from annotator.views.workbench.judgements import CLEAR, RATINGS, checked

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from annotator.models import SpanLabel, Step
    from annotator.views.http import HtmxRequest


class SpanForm(forms.Form):
    """What is said of a span; fields that are left out keep what it has."""

    last = forms.IntegerField(min_value=1)
    rating = forms.ChoiceField(choices=[(key, key) for key in (*RATINGS, CLEAR)], required=False)
    error_type = forms.CharField(required=False, max_length=40, empty_value="")
    note = forms.CharField(required=False, max_length=10_000, strip=False, empty_value="")
    milliseconds = forms.IntegerField(required=False, min_value=0)
    key = forms.UUIDField(required=False)


@require_http_methods(["GET", "POST"])
def step_span(request: HttpRequest, project: str, pk: int, step: int) -> HttpResponse:
    """Show what the person said of the run from ``step`` to ``last``, or save it."""
    person = cast("HtmxRequest", request).user
    first = step_for_user(user=person, pk=step, at_least="annotator", project=project, problem=pk)
    if request.method == "GET":
        wanted = whole_number(request.GET.get("last")) or step
        last = step_for_user(user=person, pk=wanted, at_least="annotator", project=project)
        span_check(first=first, last=last)
        return _answer(request, first, last, span_of_user(first=first, last=last, user=person))
    data = checked(SpanForm(request.POST))
    last = step_for_user(
        user=person, pk=cast("int", data["last"]), at_least="annotator", project=project
    )
    about: dict[str, Any] = {"first": first, "last": last, "user": person}
    key = cast("UUID | None", data["key"])
    if data["rating"] == CLEAR:
        span = span_label_clear(**about, idempotency_key=key).span
    else:
        state = span_state(data, set(request.POST), span_of_user(**about))
        span = span_label_set(**about, idempotency_key=key, **state).span
    if request.headers.get("HX-Request"):
        return _answer(request, first, last, span)
    kwargs = {"project": project, "pk": pk}
    return redirect(reverse("annotator:problem", kwargs=kwargs) + f"?step={first.pk}")


def span_state(
    data: dict[str, object], sent: set[str], current: SpanLabel | None
) -> dict[str, Any]:
    """Merge what was sent with what the span has: a new rating keeps the note, and so on."""
    state: dict[str, Any] = {
        "rating": current.rating if current else None,
        "error_type": current.error_type.key if current and current.error_type else "",
        "note": current.note if current else "",
        "milliseconds": current.milliseconds if current else None,
    }
    if data["rating"]:
        state["rating"] = RATINGS[str(data["rating"])]
    if state["rating"] == 1 and "error_type" not in sent:
        state["error_type"] = ""  # a right run has no error
    kept = ("error_type", "note", "milliseconds")
    return state | {name: data[name] for name in kept if name in sent}


def bar_context(first: Step, last: Step, span: SpanLabel | None) -> dict[str, Any]:
    """Return what the bar of a run shows; where it is drawn adds how its steps are called there."""
    kept = span.error_type.key if span is not None and span.error_type is not None else ""
    return {
        "first": first,
        "last": last,
        "label": span,
        "error_types": error_types_of(project=first.problem.project, keep=kept),
    }


def _answer(request: HttpRequest, first: Step, last: Step, span: SpanLabel | None) -> HttpResponse:
    """Send the bar with the person's spans as they are now, for the marks in the tree."""
    person: User = cast("HtmxRequest", request).user
    kwargs = {"project": first.problem.project.name, "pk": first.problem_id, "step": first.pk}
    bar = {
        **bar_context(first, last, span),
        "from": first.preorder,
        "to": last.preorder,
        "last_name": last.pk,
        "url": reverse("annotator:step-span", kwargs=kwargs),
    }
    spans = span_marks(spans_of_user(problem=first.problem, user=person))
    context = {"bar": bar, "spans": json.dumps(spans)}
    return render(request, "annotator/workbench_span.html", context)
