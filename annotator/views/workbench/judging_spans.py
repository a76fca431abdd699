"""Spans on the judging surface: a run of the trace's open steps, judged as one unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from annotator.queries.judgements.judging import judging_of, run_ends
from annotator.queries.judgements.spans import span_of_user
from annotator.services.judgements.spans import span_label_clear, span_label_set
from annotator.views.workbench.judgements import CLEAR, checked
from annotator.views.workbench.judging import surface_answer
from annotator.views.workbench.judging_frame import frame_of
from annotator.views.workbench.spans import SpanForm, bar_context, span_state

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from annotator.models import SpanLabel, Step
    from annotator.views.workbench.judging_frame import Frame


class RunForm(forms.Form):
    """Which steps of the trace, by their numbers from 1."""

    first = forms.IntegerField(min_value=1)
    last = forms.IntegerField(min_value=1)


class TraceSpanForm(RunForm, SpanForm):
    """What is said of a run."""


@require_http_methods(["GET", "POST"])
def trace_span(request: HttpRequest, project: str, pk: int, trace: int) -> HttpResponse:
    """Show what the person said of a run of open steps, or save it; saving may open the next step."""
    frame = frame_of(request, project, pk, trace)
    judging = judging_of(trace=frame.trace, user=frame.user, task=frame.task)
    data: dict[str, Any] = checked(
        TraceSpanForm(request.POST) if request.method == "POST" else RunForm(request.GET)
    )
    clearing = data.get("rating") == CLEAR
    first, last = run_ends(judging=judging, first=data["first"], last=data["last"], unseen=clearing)
    about: dict[str, Any] = {"first": first, "last": last, "user": frame.user}
    span = span_of_user(**about)
    if request.method == "GET":
        return render(request, "annotator/span_bar.html", {"bar": _bar(frame, first, last, span)})
    if clearing:
        span = span_label_clear(**about, idempotency_key=data["key"]).span
    else:
        state = span_state(data, set(request.POST), span)
        span = span_label_set(**about, idempotency_key=data["key"], **state).span
    return surface_answer(request, frame, bar=_bar(frame, first, last, span))


def _bar(frame: Frame, first: Step, last: Step, span: SpanLabel | None) -> dict[str, Any]:
    """Return the bar of a run; a step's number on the trace is its depth."""
    return {
        **bar_context(first, last, span),
        "from": first.depth,
        "to": last.depth,
        "last_name": last.depth,
        "url": frame.url("trace-span"),
    }
