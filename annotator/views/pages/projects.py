"""The Projects page: list, create, sample; a project's settings and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import AnnotatorError, ConflictError, InvalidError
from annotator.forms import ProjectDeleteForm, ProjectForm, ProjectSettingsForm, add_errors
from annotator.queries.access import project_for_user
from annotator.queries.projects import project_contents, project_rows
from annotator.services.jobs.requests import SAMPLE_NAME, sample_request
from annotator.services.projects.delete import project_delete
from annotator.services.projects.projects import project_create, project_update, projects_adopt
from annotator.views.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.views.http import HtmxRequest


@require_http_methods(["GET", "POST"])
def projects(request: HtmxRequest) -> HttpResponse:
    """List the person's projects; POST creates one and opens its import page."""
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            project = project_create(owner=request.user, **form.cleaned_data)
        except (InvalidError, ConflictError) as error:
            add_errors(form, error)
        else:
            return redirect("annotator:import", project.name)
    projects_adopt(user=request.user)
    rows = project_rows(user=request.user)
    has_sample = any(row.project.name == SAMPLE_NAME for row in rows)
    context = {"form": form, "rows": rows, "offer_sample": rows and not has_sample}
    return page(request, "annotator/projects.html", context, status=422 if form.errors else 200)


@require_POST
def project_sample(request: HtmxRequest) -> HttpResponse:
    """Make the sample project; a worker fills it."""
    job = sample_request(user=request.user)
    messages.info(request, "The sample project is being filled; this takes a few seconds.")
    return redirect("annotator:job-detail", job.project.name, job.pk)


@require_http_methods(["GET", "POST"])
def project_settings(request: HtmxRequest, project: str) -> HttpResponse:
    """Show and change a project's settings."""
    access = project_for_user(user=request.user, name=project, at_least="owner")
    names = ("description", "primary_outcome", "show_scores", "pause_below", "pause_after")
    initial = {name: getattr(access.project, name) for name in names}
    form = ProjectSettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            project_update(project=access.project, **form.cleaned_data)
        except InvalidError as error:
            add_errors(form, error)
        else:
            messages.success(request, "Settings saved.")
            return redirect("annotator:project-settings", access.project.name)
    return page(
        request,
        "annotator/project_settings.html",
        {"form": form},
        access=access,
        section="settings",
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def project_remove(request: HtmxRequest, project: str) -> HttpResponse:
    """Show what a project holds; POST with its name deletes all of it."""
    access = project_for_user(user=request.user, name=project, at_least="owner")
    form = ProjectDeleteForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                project_delete(project=access.project, **form.cleaned_data)
            except AnnotatorError as error:
                add_errors(form, error)
                status = error.status
            else:
                messages.success(request, f"{access.project.name} is deleted.")
                return redirect("annotator:projects")
    context = {"form": form, "contents": project_contents(project=access.project)}
    return page(
        request,
        "annotator/project_delete.html",
        context,
        access=access,
        section="settings",
        status=status,
    )
