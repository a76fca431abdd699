"""The Guidelines page: the current text, its versions, and the owner's editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from annotator.errors import AnnotatorError, NotFoundError
from annotator.forms import GuidelineForm, add_errors
from annotator.markdown import markdown_html
from annotator.queries.access import project_for_user
from annotator.queries.projects import guideline_current, guideline_versions
from annotator.services.guidelines import guideline_set
from annotator.views.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.views.http import HtmxRequest


@require_safe
def guidelines(request: HtmxRequest, project: str, number: int | None = None) -> HttpResponse:
    """Show the current guidelines, or version ``number``."""
    access = project_for_user(user=request.user, name=project)
    versions = guideline_versions(project=access.project)
    wanted = number if number is not None else (versions[0].number if versions else None)
    shown = next((version for version in versions if version.number == wanted), None)
    if number is not None and shown is None:
        raise NotFoundError(f"These guidelines have no version {number}.")
    context = {
        "shown": shown,
        "html": markdown_html(shown.markdown) if shown else "",
        "versions": versions,
    }
    return page(request, "annotator/guidelines.html", context, access=access, section="guidelines")


@require_http_methods(["GET", "POST"])
def guidelines_edit(request: HtmxRequest, project: str) -> HttpResponse:
    """Edit the guidelines; saving makes a version."""
    access = project_for_user(user=request.user, name=project, at_least="owner")
    current = guideline_current(project=access.project)
    initial = {
        "markdown": current.markdown if current else "",
        "based_on": current.number if current else 0,
    }
    form = GuidelineForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = guideline_set(project=access.project, author=request.user, **form.cleaned_data)
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"Version {saved.number} is in force.")
            return redirect("annotator:guidelines", access.project.name)
    return page(
        request,
        "annotator/guidelines_edit.html",
        {"form": form},
        access=access,
        section="guidelines",
        status=422 if form.errors else 200,
    )
