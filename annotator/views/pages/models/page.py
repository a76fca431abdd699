"""Reward models: list, train, add, detail, curves as CSV, score the project."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.downloads import attachment, csv_text
from annotator.errors import AnnotatorError
from annotator.forms import add_errors
from annotator.models import Worker
from annotator.queries.access import model_for_user, project_for_user, snapshot_for_user
from annotator.queries.attribution.usable import cards_of
from annotator.queries.datasets.catalog import scored_steps_of
from annotator.queries.datasets.snapshots import snapshots_of
from annotator.queries.jobs import (
    live_workers,
    metrics_of_job,
    missing_worker,
    open_score_job,
)
from annotator.queries.judges import used_by_model
from annotator.queries.models import reward_models_of, score_kind
from annotator.queries.paging import page_of
from annotator.queries.staleness import staleness
from annotator.services.jobs.requests import score_request, train_request
from annotator.services.models.added import reward_model_add
from annotator.services.models.estimates import train_estimate
from annotator.views.http import page
from annotator.views.pager import page_asked, pager
from annotator.views.pages.charts import charts
from annotator.views.pages.datasets.rule_words import rule_words
from annotator.views.pages.evaluations.of_model import evaluations_part
from annotator.views.pages.models.add_form import ADDED_SETTINGS, AddForm
from annotator.views.pages.models.metrics import ModelRow, kind_label, metric_rows
from annotator.views.pages.models.rerun import TOLD_APART, rerun_part, stopped_early
from annotator.views.pages.models.words import config_words
from annotator.views.pages.setting_forms import ESTIMATE, KIND_SETTINGS, TrainForm
from scoring.attribution.registry import METHODS
from scoring.errors import ScoringError
from scoring.training import estimate_words

if TYPE_CHECKING:
    from annotator.models import FaithfulnessCard, Job, RewardModel
    from annotator.queries.access import Access, Role
    from annotator.views.http import HtmxRequest


@require_http_methods(["GET", "POST"])
def model_list(request: HtmxRequest, project: str) -> HttpResponse:
    """List reward models with their held-out numbers; POST queues a training run.

    Choosing another kind in the form asks for that kind's settings alone. With ``estimate`` the form
    asks what the run would need, and nothing is queued; with ``add`` it adds a model that is not trained.
    """
    needed: Role = "reviewer" if request.method == "POST" else "viewer"
    access = project_for_user(user=request.user, name=project, at_least=needed)
    if "add" in request.POST:
        return _add(request, access)
    snapshots = list(snapshots_of(project=access.project))
    form = TrainForm(request.POST or None, snapshots=snapshots, kind=request.GET.get("kind", ""))
    if request.htmx.target == KIND_SETTINGS:
        part = render(request, "annotator/_kind_settings.html", {"form": form})
        patch_vary_headers(part, ["HX-Target"])
        return part
    if request.htmx.target == ADDED_SETTINGS:
        add = AddForm(kind=request.GET.get("kind", ""))
        part = render(request, "annotator/_added_settings.html", {"add": add})
        patch_vary_headers(part, ["HX-Target"])
        return part
    estimated = None
    if request.method == "POST" and form.is_valid():
        try:
            if "estimate" in request.POST:
                estimated = _estimate(request, access, form)
            else:
                job = _train(request, access, form)
                return redirect("annotator:job-detail", access.project.name, job.pk)
        except AnnotatorError as error:
            add_errors(form, error)
        except ScoringError as error:
            form.add_error(None, str(error))
    if request.htmx.target == ESTIMATE:
        found = {"form": form, "estimated": estimated}
        return render(request, "annotator/_estimate.html", found)
    add = AddForm(kind=request.GET.get("kind", ""))
    return _list(request, access, form, add, estimated=estimated)


def _add(request: HtmxRequest, access: Access) -> HttpResponse:
    """Add a model that scores without being trained; its page offers to score with it."""
    form = AddForm(request.POST)
    if form.is_valid():
        try:
            model = reward_model_add(
                project=access.project,
                kind=form.cleaned_data["kind"],
                settings=form.settings(),
                name=form.cleaned_data["name"],
            )
        except AnnotatorError as error:
            add_errors(form, error)
        except ScoringError as error:
            form.add_error(None, str(error))
        else:
            messages.info(
                request, f"{model} is here. Score the project with it to see what it says."
            )
            return redirect("annotator:model-detail", access.project.name, model.pk)
    train = TrainForm(snapshots=list(snapshots_of(project=access.project)))
    return _list(request, access, train, form)


def _list(
    request: HtmxRequest,
    access: Access,
    train: TrainForm,
    add: AddForm,
    *,
    estimated: Any = None,
) -> HttpResponse:
    found = page_of(reward_models_of(project=access.project), **page_asked(request))
    behind = staleness(models=found.rows) if access.may_review else {}
    context = {
        "form": train,
        "estimated": estimated,
        "add": add,
        "rows": [ModelRow(model, behind.get(model.pk)) for model in found.rows],
        "pager": pager(request, found),
        "missing_worker": _missing_worker(),
    }
    return page(
        request,
        "annotator/model_list.html",
        context,
        access=access,
        section="models",
        status=422 if train.errors or add.errors else 200,
    )


def _train(request: HtmxRequest, access: Access, form: TrainForm) -> Job:
    asked = _asked(request, access, form)
    return train_request(user=request.user, name=form.cleaned_data["name"], **asked)


def _estimate(request: HtmxRequest, access: Access, form: TrainForm) -> dict[str, Any]:
    found = train_estimate(**_asked(request, access, form))
    return {"rows": estimate_words.rows(found), "basis": found.basis}


def _asked(request: HtmxRequest, access: Access, form: TrainForm) -> dict[str, Any]:
    """Return the run that the form means."""
    pk = form.cleaned_data["snapshot"]
    return {
        "project": access.project,
        "settings": form.settings(),
        "kind": form.cleaned_data["kind"],
        "base": form.cleaned_data["base"],
        "snapshot": snapshot_for_user(user=request.user, pk=pk) if pk else None,
    }


@require_safe
def model_detail(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show one model: held-out numbers beside the baseline, curves, where it came from."""
    access = project_for_user(user=request.user, name=project)
    model = model_for_user(user=request.user, pk=pk, project=project)
    scored = scored_steps_of(model=model)
    context = {
        "model": model,
        "kind": kind_label(model),
        "metrics": metric_rows(model.metrics, model.provenance.get("measured_on")),
        "charts": charts(metrics_of_job(job=model.job)) if model.job else [],
        "scored": scored,
        "scoring": open_score_job(model=model),
        "missing_worker": _missing_worker(score_kind(model).queue),
        "used": used_by_model(model=model),
        "config": config_words(model.config, model.kind),
        "provenance": _origin(model.provenance),
        "cut_short": _cut_short(model) or stopped_early(model),
        "cards": _cards(model) if access.may_review else [],
        **rerun_part(access, model),
        **evaluations_part(request, access, model),
    }
    return page(request, "annotator/model_detail.html", context, access=access, section="models")


def _cards(model: RewardModel) -> list[tuple[str, FaithfulnessCard]]:
    """Return the attribution methods that were tried on the model, in the order of their menu."""
    cards = cards_of(model=model)
    return [(row.label, cards[key]) for key, row in METHODS.items() if key in cards]


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
        writer.writerows([csv_text(name), step, repr(value)] for step, value in points)
    return response


@require_POST
def model_score(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Queue the scoring of the whole project, or lead to the job that does it already."""
    model = model_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    job = open_score_job(model=model)
    if job is not None:
        messages.info(request, "This job scores the project with the model already.")
    else:
        job = score_request(model=model, user=request.user, labels="labels" in request.POST)
        messages.info(request, f"Scoring every step with {model.name} v{model.version}.")
    return redirect("annotator:job-detail", model.project.name, job.pk)


def _missing_worker(kind: Worker.Kind = Worker.Kind.GPU) -> str:
    return "" if live_workers(kind).exists() else missing_worker(kind)


def _cut_short(model: RewardModel) -> str:
    """Return how a time limit ended the training before its last step, "" if none did."""
    planned = model.config.get("training", {})
    done, steps, limit = (
        model.provenance.get("steps"),
        planned.get("steps"),
        planned.get("max_seconds"),
    )
    if not limit or not done or not steps or done >= steps:
        return ""
    return f"Its limit of {limit:g} seconds ended the training after {done:,} of {steps:,} steps."


def _origin(provenance: dict[str, object]) -> list[tuple[str, object]]:
    """Return what made a model, in words; whose labels it is measured on stands at the numbers."""
    rules = provenance.get("rules")
    told = {name: value for name, value in provenance.items() if name not in TOLD_APART}
    words = ((name.replace("_", " ").replace(".", ", "), value) for name, value in _flat(told))
    rows = [(name[:1].upper() + name[1:], value) for name, value in words]
    return [*rows, *(rule_words(rules) if isinstance(rules, dict) else ())]


def _flat(values: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Return nested settings as dotted names with values, in order."""
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((prefix + key, value))
    return rows
