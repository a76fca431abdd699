"""Saving judgements from the workbench: labels, undo, redo, outcomes.

Every request carries a key made by the client, so a request whose answer was lost can be sent
again. Scripts get the changed parts back; a browser without scripts is sent to the page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django import forms
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from annotator.errors import InvalidError, NotFoundError
from annotator.queries.access import problem_for_user, trace_for_user
from annotator.queries.judgements.labelling import labelling_for_user
from annotator.queries.judgements.spans import span_marks, spans_of_user
from annotator.queries.trees.columns import label_code
from annotator.queries.trees.paths import labelled_counts, labels_of_user, step_in
from annotator.services.history.undo import judgement_redo, judgement_undo
from annotator.services.judgements.labels import label_clear, label_set
from annotator.services.judgements.outcomes import outcome_set
from annotator.views.workbench.reader import progress_context
from annotator.views.workbench.state import ViewState

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

    from annotator.models import Problem, Step, StepLabel
    from annotator.services.history.undo import UndoResult
    from annotator.views.http import HtmxRequest

RATINGS = {"-1": -1, "0": 0, "1": 1}
CLEAR = "clear"
UNSURE = "unsure"


class LabelForm(forms.Form):
    """What a label request says; fields that are left out keep what the label has."""

    rating = forms.ChoiceField(
        choices=[(key, key) for key in (*RATINGS, UNSURE, CLEAR)], required=False
    )
    error_type = forms.CharField(required=False, max_length=40, empty_value="")
    note = forms.CharField(required=False, max_length=10_000, strip=False, empty_value="")
    realises_error = forms.BooleanField(required=False)
    shown_score = forms.BooleanField(required=False)
    milliseconds = forms.IntegerField(required=False, min_value=0)
    key = forms.UUIDField(required=False)


class OutcomeForm(forms.Form):
    """A correction of a trace's outcome; empty = unknown."""

    name = forms.CharField(max_length=60)
    value = forms.FloatField(
        required=False,
        error_messages={"invalid": "Enter a finite number, or nothing where it is unknown."},
    )
    key = forms.UUIDField(required=False)


def checked(form: forms.Form) -> dict[str, object]:
    """Return the cleaned data.

    Raises:
        InvalidError: naming the fields.
    """
    if form.is_valid():
        return form.cleaned_data
    fields = {name: " ".join(map(str, messages)) for name, messages in form.errors.items()}
    said = " ".join(f"{name}: {message}" for name, message in fields.items())
    raise InvalidError(said, fields=fields)


@require_POST
def step_label(request: HttpRequest, project: str, pk: int, step: int) -> HttpResponse:
    """Save the person's label of a step; answer with the label's marks and the progress."""
    person = cast("HtmxRequest", request).user
    known = labelling_for_user(user=person, pk=step, project=project)
    chosen = known.step
    if chosen.problem_id != pk:
        raise NotFoundError(f"There is no step {step} in problem {pk}.")
    form = LabelForm(request.POST)
    data = checked(form)
    key = cast("UUID | None", data["key"])
    if data["rating"] == CLEAR:
        label = label_clear(step=chosen, user=person, idempotency_key=key).label
    else:
        state = label_state(data, set(request.POST), known.label)
        label = label_set(step=chosen, user=person, idempotency_key=key, **state).label
    labelled = known.others + (label is not None)
    return _answer(request, chosen.problem, step=chosen, label=label, labelled=labelled)


def label_state(
    data: dict[str, object], sent: set[str], current: StepLabel | None
) -> dict[str, Any]:
    """Merge what was sent with what the label has: a new rating keeps the note, and so on."""
    rating = str(data["rating"])
    known: dict[str, Any] = {
        "rating": current.rating if current else None,
        "unsure": current.unsure if current else False,
        "error_type": current.error_type.key if current and current.error_type else "",
        "note": current.note if current else "",
        "realises_error": current.realises_error if current else False,
        "milliseconds": current.milliseconds if current else None,
        "shown_score": bool(data["shown_score"]),
    }
    if rating:
        known |= {"rating": RATINGS.get(rating), "unsure": rating == UNSURE}
    if rating == "1" and "error_type" not in sent:
        known["error_type"] = ""  # a right step has no error
    for name in ("error_type", "note", "milliseconds"):
        if name in sent:
            known[name] = data[name]
    if "realises_error" in sent or "note" in sent:
        known["realises_error"] = data["realises_error"]
    return known


@require_POST
def undo(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Take the person's last judgement of this problem back."""
    return _step_back(request, project, pk, redo=False)


@require_POST
def redo(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Do again what the person undid last."""
    return _step_back(request, project, pk, redo=True)


def _step_back(request: HttpRequest, project: str, pk: int, *, redo: bool) -> HttpResponse:
    person = cast("HtmxRequest", request).user
    problem = problem_for_user(user=person, pk=pk, at_least="annotator", project=project)
    key = key_of(request)
    service = judgement_redo if redo else judgement_undo
    result = service(problem=problem, user=person, idempotency_key=key)
    if result is None:
        said = "Nothing to redo." if redo else "Nothing to undo in this problem."
        return _answer(request, problem, said=said)
    step = step_in(problem=problem, pk=result.step_id)
    label = labels_of_user(steps=[step], user=person).get(step.pk) if step is not None else None
    return _answer(request, problem, step=step, label=label, said=result.description, result=result)


def key_of(request: HttpRequest) -> UUID | None:
    """Return the key that the client made for the request, None without one.

    Raises:
        InvalidError: it is not a UUID.
    """
    text = request.POST.get("key", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        message = "The request's key is not a UUID."
        raise InvalidError(message, fields={"key": message}) from None


def _answer(
    request: HttpRequest,
    problem: Problem,
    *,
    step: Step | None = None,
    label: StepLabel | None = None,
    said: str = "",
    result: UndoResult | None = None,
    labelled: int | None = None,
) -> HttpResponse:
    """Send the changed parts to scripts, a browser back to the page.

    ``labelled`` is the person's progress where the caller knows it already.
    """
    person = cast("HtmxRequest", request).user
    if not request.headers.get("HX-Request"):
        state = ViewState.from_query(request.GET)
        query = state.query(step=step.pk if step is not None else state.step)
        kwargs = {"project": problem.project.name, "pk": problem.pk}
        return redirect(reverse("annotator:problem", kwargs=kwargs) + query)
    if labelled is None:
        labelled = labelled_counts(problem=problem, user=person)
    context = {
        "step": step,
        "label": label,
        "code": "" if label is None else label_code(label.rating, unsure=label.unsure),
        "said": said,
        "trace": result.trace_id if result is not None else None,
        "spans": _spans(problem, person) if result is not None else None,
        **progress_context(problem, labelled),
    }
    return render(request, "annotator/workbench_saved.html", context)


def _spans(problem: Problem, person: User) -> str:
    return json.dumps(span_marks(spans_of_user(problem=problem, user=person)))


@require_POST
def trace_outcome(request: HttpRequest, project: str, pk: int, trace: int) -> HttpResponse:
    """Correct an outcome of a trace; every method that compares outcomes follows at once."""
    person = cast("HtmxRequest", request).user
    chosen = trace_for_user(user=person, pk=trace, at_least="reviewer", project=project, problem=pk)
    data = checked(OutcomeForm(request.POST))
    result = outcome_set(
        trace=chosen,
        user=person,
        name=str(data["name"]),
        value=cast("float | None", data["value"]),
        idempotency_key=cast("UUID | None", data["key"]),
    )
    value = result.outcome.value
    said = f"{result.outcome.name} is now {'unknown' if value is None else f'{value:g}'}."
    if request.headers.get("HX-Request"):
        response = _answer(request, chosen.problem, said=said)
        response["HX-Trigger"] = "outcomes-changed"
        return response
    return _answer(request, chosen.problem, step=chosen.end, said=said)
