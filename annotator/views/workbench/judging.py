"""Judging one trace, step after step: the path alone, later steps hidden until they are due.

The same surface serves ``?judge=<trace>`` of the workbench and the items of rating queues. It is
blind: no scores, nobody else's labels and no reference answer, unless the item says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotator.models import Submission
from annotator.numbers import whole_number
from annotator.queries.access import access_to
from annotator.queries.judgements.labelling import labelling_for_user
from annotator.services.judgements.judging import rest_judge, step_judge, trace_submit
from annotator.services.judgements.labels import label_clear
from annotator.services.judgements.submissions import submission_clear, submission_set
from annotator.views.http import page
from annotator.views.keys import keys_of, keys_shown
from annotator.views.workbench.judgements import CLEAR, LabelForm, checked, key_of, label_state
from annotator.views.workbench.judging_frame import frame_of
from annotator.views.workbench.judging_path import judging_context

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from annotator.views.http import HtmxRequest
    from annotator.views.workbench.judging_frame import Frame

# What makes a problem faulty (PRM800K's criteria), in the words that a reviewer reads.
FAULTS = (
    "A figure or a part of the text is missing",
    "A premise is false",
    "The question is vague",
    "It asks four or more things",
)


class SubmissionForm(forms.Form):
    """How a person ends a trace; no reason = the steps say it."""

    reason = forms.ChoiceField(
        choices=[*Submission.Reason.choices, (CLEAR, "Take it back")], required=False
    )
    fault = forms.ChoiceField(choices=[(text, text) for text in FAULTS], required=False)
    note = forms.CharField(required=False, max_length=10_000, empty_value="")
    milliseconds = forms.IntegerField(required=False, min_value=0)
    key = forms.UUIDField(required=False)


def surface_context(frame: Frame, request: HttpRequest) -> dict[str, Any]:
    """Return what ``annotator/judging.html`` draws, and its scripts read."""
    context = judging_context(
        frame,
        at=whole_number(request.GET.get("at")),
        before=whole_number(request.GET.get("before")),
    )
    return {
        "judging": context,
        "keys": keys_shown("judging"),
        "faults": FAULTS,
        "judging_config": {
            "urls": context["urls"],
            "problem": frame.trace.problem_id,
            "trace": frame.trace.pk,
            "user": frame.user.pk,
            "keys": keys_of("judging"),
        },
    }


def judging_page(request: HtmxRequest, project: str, pk: int, trace: int) -> HttpResponse:
    """Show a trace to be judged, opened from the workbench."""
    frame = frame_of(request, project, pk, trace)
    access = access_to(user=request.user, project=frame.trace.problem.project)
    context = {**surface_context(frame, request), "problem": frame.trace.problem}
    return page(request, "annotator/judging_page.html", context, access=access, section="problems")


@require_GET
def trace_judging(request: HttpRequest, project: str, pk: int, trace: int) -> HttpResponse:
    """Give the surface again: after an undo, or with another step chosen."""
    return surface_answer(request, frame_of(request, project, pk, trace))


@require_POST
def trace_step(request: HttpRequest, project: str, pk: int, trace: int, step: int) -> HttpResponse:
    """Save the label of a revealed step; the answer reveals what is next."""
    frame = frame_of(request, project, pk, trace)
    person = frame.user
    known = labelling_for_user(user=person, pk=step, project=project)
    data = checked(LabelForm(request.POST))
    key = cast("UUID | None", data["key"])
    if data["rating"] == CLEAR:
        label_clear(step=known.step, user=person, idempotency_key=key)
    else:
        state = label_state(data, set(request.POST), known.label)
        step_judge(
            trace=frame.trace,
            task=frame.task,
            step=known.step,
            user=person,
            idempotency_key=key,
            **state,
        )
    stays = None if data["rating"] and data["rating"] != CLEAR else step
    return surface_answer(request, frame, at=stays)


@require_POST
def trace_rest(request: HttpRequest, project: str, pk: int, trace: int, step: int) -> HttpResponse:
    """Copy the rating of a step to every later one."""
    frame = frame_of(request, project, pk, trace)
    known = labelling_for_user(user=frame.user, pk=step, project=project)
    count = rest_judge(
        trace=frame.trace, step=known.step, user=frame.user, idempotency_key=key_of(request)
    )
    steps = "step" if count == 1 else "steps"
    return surface_answer(request, frame, said=f"Copied to {count} later {steps}; u takes it back.")


@require_POST
def trace_submission(request: HttpRequest, project: str, pk: int, trace: int) -> HttpResponse:
    """End the trace: done, given up, or a faulty problem; or take that back."""
    frame = frame_of(request, project, pk, trace)
    data = checked(SubmissionForm(request.POST))
    reason = str(data["reason"])
    who: dict[str, Any] = {"user": frame.user, "idempotency_key": data["key"]}
    about = {"problem": frame.trace.problem, "trace": frame.trace, **who}
    spent = cast("int | None", data["milliseconds"])
    if reason == CLEAR:
        submission_clear(**about)
    elif reason in {Submission.Reason.GIVE_UP, Submission.Reason.BAD_PROBLEM}:
        note = ": ".join(str(part) for part in (data["fault"], data["note"]) if part)
        submission_set(reason=reason, note=note, milliseconds=spent, **about)
    else:
        trace_submit(trace=frame.trace, task=frame.task, milliseconds=spent, **who)
    return surface_answer(request, frame, said="Taken back." if reason == CLEAR else "Submitted.")


def surface_answer(
    request: HttpRequest,
    frame: Frame,
    *,
    at: int | None = None,
    said: str = "",
    bar: dict[str, Any] | None = None,
) -> HttpResponse:
    """Send the surface to scripts, with the ``bar`` of a chosen span; a browser back to the page."""
    if not request.headers.get("HX-Request"):
        return redirect(frame.address)
    chosen = at if at is not None else whole_number(request.GET.get("at"))
    before = whole_number(request.GET.get("before"))
    context = {
        "judging": judging_context(frame, at=chosen, before=before),
        "said": said,
        "bar": bar,
    }
    return render(request, "annotator/judging.html", context)
