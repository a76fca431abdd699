"""Reward models: list, train, detail, curves as CSV, score the project."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.downloads import attachment
from annotator.errors import AnnotatorError
from annotator.forms import add_errors
from annotator.models import Worker
from annotator.queries.access import model_for_user, project_for_user, snapshot_for_user
from annotator.queries.catalog import scored_steps_of
from annotator.queries.jobs import live_workers, metrics_of_job, missing_worker
from annotator.queries.models import reward_models_of
from annotator.queries.snapshots import snapshots_of
from annotator.services.requests import score_request, train_request
from annotator.views.http import page
from annotator.views.pages.charts import charts
from annotator.views.pages.metric_rows import ModelRow, kind_label, metric_rows
from annotator.views.pages.setting_forms import TrainForm
from scoring.errors import ScoringError

if TYPE_CHECKING:
    from annotator.models import Job
    from annotator.queries.access import Access, Role
    from annotator.views.http import HtmxRequest


@require_http_methods(["GET", "POST"])
def model_list(request: HtmxRequest, project: str) -> HttpResponse:
    """List reward models with their held-out numbers; POST queues a training run."""
    needed: Role = "reviewer" if request.method == "POST" else "viewer"
    access = project_for_user(user=request.user, name=project, at_least=needed)
    snapshots = list(snapshots_of(project=access.project))
    form = TrainForm(request.POST or None, snapshots=snapshots)
    if request.method == "POST" and form.is_valid():
        try:
            job = _train(request, access, form)
        except AnnotatorError as error:
            add_errors(form, error)
        except ScoringError as error:
            form.add_error(None, str(error))
        else:
            return redirect("annotator:job-detail", access.project.name, job.pk)
    context = {
        "form": form,
        "rows": [ModelRow(model) for model in reward_models_of(project=access.project)],
        "missing_worker": _missing_worker(),
    }
    return page(
        request,
        "annotator/model_list.html",
        context,
        access=access,
        section="models",
        status=422 if form.errors else 200,
    )


def _train(request: HtmxRequest, access: Access, form: TrainForm) -> Job:
    data = form.cleaned_data
    pk = data["snapshot"]
    return train_request(
        project=access.project,
        user=request.user,
        settings=form.settings(),
        kind=data["kind"],
        base=data["base"],
        name=data["name"],
        snapshot=snapshot_for_user(user=request.user, pk=pk) if pk else None,
    )


@require_safe
def model_detail(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show one model: held-out numbers beside the baseline, curves, where it came from."""
    access = project_for_user(user=request.user, name=project)
    model = model_for_user(user=request.user, pk=pk, project=project)
    context = {
        "model": model,
        "kind": kind_label(model),
        "metrics": metric_rows(model.metrics, model.provenance.get("measured_on")),
        "charts": charts(metrics_of_job(job=model.job)) if model.job else [],
        "scored": scored_steps_of(model=model),
        "missing_worker": _missing_worker(),
        "config": _flat(model.config),
        "provenance": _flat(model.provenance),
    }
    return page(request, "annotator/model_detail.html", context, access=access, section="models")


@require_safe
def model_metrics_csv(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Give the points of a model's curves as CSV."""
    model = model_for_user(user=request.user, pk=pk, project=project)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = attachment(f"{model.name}-v{model.version}-metrics.csv")
    writer = csv.writer(response)
    writer.writerow(["metric", "step", "value"])
    curves = metrics_of_job(job=model.job) if model.job else {}
    for name, points in curves.items():
        # A name from a config file must stay a name in a spreadsheet.
        safe = f"'{name}" if name[:1] in set("=+-@\t\r") else name
        writer.writerows([safe, step, repr(value)] for step, value in points)
    return response


@require_POST
def model_score(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Queue the scoring of the whole project."""
    model = model_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    job = score_request(model=model, user=request.user)
    messages.info(request, f"Scoring every step with {model.name} v{model.version}.")
    return redirect("annotator:job-detail", model.project.name, job.pk)


def _missing_worker() -> str:
    return "" if live_workers(Worker.Kind.GPU).exists() else missing_worker(Worker.Kind.GPU)


def _flat(values: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Return nested settings as dotted names with values, in order."""
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((prefix + key, value))
    return rows
