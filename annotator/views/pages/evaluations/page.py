"""Evaluations: ask for one, look at its numbers and pictures, take them away."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from annotator.downloads import attachment
from annotator.errors import AnnotatorError
from annotator.forms import add_errors
from annotator.models import Worker
from annotator.queries.access import (
    evaluation_for_user,
    model_for_user,
    project_for_user,
    snapshot_for_user,
)
from annotator.queries.datasets.snapshots import snapshots_of
from annotator.queries.evaluations.stored import changes_since, results_of
from annotator.queries.evaluations.told import evaluation_told_whole
from annotator.queries.jobs import live_workers, missing_worker, open_score_job
from annotator.queries.models import reward_models_of
from annotator.services.evaluations import evaluation_request
from annotator.views.http import page
from annotator.views.pages.evaluations.files import csv_rows
from annotator.views.pages.evaluations.forms import EvaluationForm
from annotator.views.pages.evaluations.rows import EvaluationRows

if TYPE_CHECKING:
    from annotator.models import Evaluation, Job, RewardModel
    from annotator.views.http import HtmxRequest


@require_http_methods(["GET", "POST"])
def evaluation_new(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Ask for the evaluation of a model; POST queues it."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    model = model_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    form = EvaluationForm(
        request.POST or None,
        model=model,
        others=reward_models_of(project=access.project, ready=True),
        snapshots=list(snapshots_of(project=access.project)),
        initial={"against": request.GET.get("against", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            job = _ask(request, model, form)
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            return redirect("annotator:job-detail", access.project.name, job.pk)
    missing = "" if live_workers(Worker.Kind.IO).exists() else missing_worker(Worker.Kind.IO)
    context = {"form": form, "model": model, "missing_worker": missing}
    return page(
        request,
        "annotator/evaluation_new.html",
        context,
        access=access,
        section="models",
        status=422 if form.errors else 200,
    )


@require_safe
def evaluation_detail(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show what the suites found; nothing is computed."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    evaluation = _evaluation(request, project, pk)
    rows = EvaluationRows(
        evaluation, results_of(evaluation=evaluation), changes_since(evaluation=evaluation)
    )
    context = {
        "evaluation": evaluation,
        "rows": rows,
        "missing": [(model, n, open_score_job(model=model)) for model, n in rows.missing],
    }
    return page(
        request, "annotator/evaluation_detail.html", context, access=access, section="models"
    )


@require_safe
def evaluation_json(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Give an evaluation as the object of the API."""
    evaluation = _evaluation(request, project, pk)
    answer = JsonResponse(evaluation_told_whole(evaluation), json_dumps_params={"indent": 1})
    answer["Content-Disposition"] = attachment(f"{_name(evaluation)}.json")
    return answer


@require_safe
def evaluation_csv(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Give the numbers of an evaluation as CSV, points of curves too."""
    evaluation = _evaluation(request, project, pk)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = attachment(f"{_name(evaluation)}.csv")
    csv.writer(answer).writerows(csv_rows(results_of(evaluation=evaluation)))
    return answer


def _ask(request: HtmxRequest, model: RewardModel, form: EvaluationForm) -> Job:
    user, project, said = request.user, model.project.name, form.cleaned_data
    other, frozen = said["against"], said["snapshot"]
    return evaluation_request(
        model=model,
        user=request.user,
        suites=form.chosen(),
        settings=form.settings(),
        against=model_for_user(user=user, pk=other, project=project) if other else None,
        snapshot=snapshot_for_user(user=user, pk=frozen, project=project) if frozen else None,
        part=said["part"],
    )


def _evaluation(request: HtmxRequest, project: str, pk: int) -> Evaluation:
    return evaluation_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")


def _name(evaluation: Evaluation) -> str:
    """Return a file name that every system takes."""
    words = f"{evaluation.model} evaluation {evaluation.pk}"
    return re.sub(r"[^\w.-]+", "-", words).strip("-")
