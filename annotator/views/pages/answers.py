"""Checking final answers: what there is to check, the form that asks for it, and what the last check found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from annotator.errors import AnnotatorError
from annotator.forms import add_errors
from annotator.models import Worker
from annotator.queries.access import project_for_user
from annotator.queries.jobs import live_workers, missing_worker
from annotator.queries.judgements.answers import (
    answers_checkable,
    last_answers_report,
    open_answers_job,
)
from annotator.services.judgements.answers import NO_REFERENCE, answers_request
from annotator.views.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.views.http import HtmxRequest


class AnswersForm(forms.Form):
    """Which outcome the verdicts are written to."""

    name = forms.CharField(
        max_length=200,
        required=False,
        label="Outcome",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    replace = forms.BooleanField(
        required=False,
        label="Replace outcomes from elsewhere",
        help_text="Off: a trace whose outcome an import brought or a person set keeps it.",
    )

    def __init__(self, *args: Any, primary: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["name"]
        field.widget.attrs["placeholder"] = primary
        field.help_text = f"Empty: {primary}, the project's primary one, which the problem list and credit methods use."


@require_http_methods(["GET", "POST"])
def answers_page(request: HtmxRequest, project: str) -> HttpResponse:
    """Show what a check would compare and what the last one found; POST queues one."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    given = request.POST if request.method == "POST" else None
    form = AnswersForm(given, primary=access.project.primary_outcome)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                job = answers_request(
                    project=access.project, user=request.user, **form.cleaned_data
                )
            except AnnotatorError as error:
                add_errors(form, error)
                status = error.status
            else:
                messages.info(request, "Comparing final answers with the reference answers.")
                return redirect("annotator:job-detail", access.project.name, job.pk)
    there = answers_checkable(project=access.project)
    context = {
        "form": form,
        "there": there,
        "nothing": "" if there.compared else NO_REFERENCE,
        "open_job": open_answers_job(project=access.project),
        "last": last_answers_report(project=access.project),
        "missing_worker": ""
        if live_workers(Worker.Kind.IO).exists()
        else missing_worker(Worker.Kind.IO),
    }
    return page(
        request,
        "annotator/answers.html",
        context,
        access=access,
        section="problems",
        status=status,
    )
