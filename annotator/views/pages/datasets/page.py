"""The Datasets page: snapshots with their rules, exports with their manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from annotator.errors import AnnotatorError, InvalidError, NotFoundError
from annotator.exporters.registry import EXPORTERS
from annotator.forms import SnapshotForm, add_errors
from annotator.models import Worker
from annotator.queries.access import export_for_user, project_for_user, snapshot_for_user
from annotator.queries.datasets.catalog import exports_of
from annotator.queries.datasets.snapshots import snapshots_of
from annotator.queries.jobs import live_workers, missing_worker
from annotator.queries.paging import page_of
from annotator.services.jobs.requests import export_request, snapshot_request
from annotator.views.http import page
from annotator.views.pager import page_asked, pager
from annotator.views.pages.datasets.rule_words import filter_words, option_words, rule_words
from annotator.views.pages.setting_forms import LABELS_NOW, ExportForm, export_forms

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.queries.access import Access
    from annotator.views.http import HtmxRequest


@require_safe
def dataset_list(request: HtmxRequest, project: str) -> HttpResponse:
    """List snapshots and exports, with the forms that make them."""
    access = project_for_user(user=request.user, name=project)
    return _datasets(request, access)


@require_POST
def snapshot_new(request: HtmxRequest, project: str) -> HttpResponse:
    """Queue a snapshot."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    form = SnapshotForm(request.POST)
    if form.is_valid():
        try:
            job = snapshot_request(
                project=access.project,
                user=request.user,
                name=form.cleaned_data["name"],
                rules=form.rules(),
            )
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            return redirect("annotator:job-detail", access.project.name, job.pk)
    return _datasets(request, access, snapshot_form=form)


@require_POST
def export_new(request: HtmxRequest, project: str, key: str) -> HttpResponse:
    """Queue an export in format ``key``."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    if key not in EXPORTERS:
        raise NotFoundError(f"There is no export format '{key}'; known: {', '.join(EXPORTERS)}.")
    snapshots = snapshots_of(project=access.project)
    form = ExportForm(request.POST, row=EXPORTERS[key], snapshots=snapshots)
    if form.is_valid():
        pk = form.cleaned_data["snapshot"]
        try:
            job = export_request(
                project=access.project,
                user=request.user,
                format_key=key,
                options=form.options(),
                snapshot=snapshot_for_user(user=request.user, pk=pk) if pk else None,
            )
        except InvalidError as error:
            add_errors(form, error)
        else:
            return redirect("annotator:job-detail", access.project.name, job.pk)
    return _datasets(request, access, failed=form)


@require_safe
def export_detail(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show an export's manifest: rows, what was left out and why, files with hashes."""
    access = project_for_user(user=request.user, name=project)
    export = export_for_user(user=request.user, pk=pk, project=project)
    made_with = [
        *rule_words(export.snapshot.rules),
        *filter_words(export.snapshot.filter),
        *option_words(export.format, export.options),
    ]
    context = {"export": export, "made_with": made_with}
    return page(request, "annotator/export_detail.html", context, access=access, section="datasets")


def _datasets(
    request: HtmxRequest,
    access: Access,
    *,
    snapshot_form: SnapshotForm | None = None,
    failed: ExportForm | None = None,
) -> HttpResponse:
    snapshots = snapshots_of(project=access.project)
    shown = page_of(snapshots, **page_asked(request, "snapshots"))
    made = page_of(exports_of(project=access.project), **page_asked(request, "exports"))
    missing = "" if live_workers(Worker.Kind.IO).exists() else missing_worker(Worker.Kind.IO)
    context = {
        "snapshots": shown.rows,
        "snapshot_pager": pager(request, shown, "snapshots"),
        "exports": made.rows,
        "export_pager": pager(request, made, "exports"),
        "snapshot_form": snapshot_form or SnapshotForm(),
        "export_forms": export_forms(snapshots=list(snapshots), failed=failed),
        "labels_now": LABELS_NOW,
        "missing_worker": missing,
    }
    status = 422 if failed is not None or snapshot_form is not None else 200
    return page(
        request,
        "annotator/dataset_list.html",
        context,
        access=access,
        section="datasets",
        status=status,
    )
