"""The Guidelines pages: text and examples, versions, what changed, the editor, labels to redo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from annotator.errors import AnnotatorError, NotFoundError
from annotator.forms import GuidelineForm, add_errors
from annotator.markdown import markdown_html
from annotator.numbers import whole_number
from annotator.queries.access import project_for_user
from annotator.queries.guidelines.taxonomy import taxonomy_of
from annotator.queries.guidelines.versions import (
    Selection,
    affected_count,
    examples_of,
    guideline_current,
    guideline_versions,
    judged_by_version,
    labels_affected,
)
from annotator.services.guidelines.versions import guideline_set, relabel_request
from annotator.text_diff import text_diff
from annotator.views.http import page
from annotator.views.pages.guidelines.forms import ExampleForms, RelabelForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.models import GuidelineVersion
    from annotator.views.http import HtmxRequest

SECTION = "guidelines"


@require_safe
def guidelines(request: HtmxRequest, project: str, number: int | None = None) -> HttpResponse:
    """Show the current guidelines, or version ``number``."""
    access = project_for_user(user=request.user, name=project)
    versions = guideline_versions(project=access.project)
    wanted = number if number is not None else (versions[0].number if versions else None)
    shown = next((version for version in versions if version.number == wanted), None)
    if number is not None and shown is None:
        raise _no_version(number)
    counts = judged_by_version(project=access.project) if access.may_review else {}
    context = {
        "shown": shown,
        "html": markdown_html(shown.markdown) if shown else "",
        "examples": examples_of(version=shown) if shown else [],
        "versions": [(version, counts.get(version.number)) for version in versions],
        "newest": versions[0].number if versions else 0,
        "older": access.may_review
        and labels_affected(project=access.project, selection=Selection()).exists(),
    }
    return page(request, "annotator/guidelines.html", context, access=access, section=SECTION)


@require_safe
def guidelines_changes(request: HtmxRequest, project: str, number: int) -> HttpResponse:
    """Show what version ``number`` changed against the one before it, or against ``?from=``."""
    access = project_for_user(user=request.user, name=project)
    versions = guideline_versions(project=access.project)
    asked = whole_number(request.GET.get("from"))
    base = number - 1 if asked is None else asked
    by_number = {version.number: version for version in versions}
    if number not in by_number:
        raise _no_version(number)
    if base and base not in by_number:
        raise _no_version(base)
    new, old = by_number[number], by_number.get(base)
    context = {
        "new": new,
        "old": old,
        "base": base,
        "versions": versions,
        "lines": text_diff(old.markdown if old else "", new.markdown),
        "examples": _example_changes(old, new),
    }
    template = "annotator/guidelines_changes.html"
    return page(request, template, context, access=access, section=SECTION)


@require_safe
def guidelines_panel(request: HtmxRequest, project: str) -> HttpResponse:
    """Give the current guidelines as the side panel of the pages where people judge."""
    access = project_for_user(user=request.user, name=project)
    current = guideline_current(project=access.project)
    context = {
        "project": access.project,
        "shown": current,
        "html": markdown_html(current.markdown) if current else "",
        "examples": examples_of(version=current) if current else [],
    }
    return render(request, "annotator/_guideline_text.html", context)


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
    forms = ExampleForms.of(request, current.examples if current else [])
    if request.method == "POST" and form.is_valid() and forms.is_valid():
        try:
            saved = guideline_set(
                project=access.project,
                author=request.user,
                examples=forms.examples(),
                **form.cleaned_data,
            )
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"Version {saved.number} is in force.")
            return redirect("annotator:guidelines", access.project.name)
    return page(
        request,
        "annotator/guidelines_edit.html",
        {"form": form, "forms": forms, "current": current},
        access=access,
        section=SECTION,
        status=422 if form.errors or any(row.errors for row in forms) else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def guidelines_relabel(request: HtmxRequest, project: str) -> HttpResponse:
    """Choose labels made under older guidelines; a queue serves them to be judged again."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    versions = guideline_versions(project=access.project)
    current = versions[0].number if versions else 0
    form = RelabelForm(
        request.POST or None,
        versions=[version.number for version in versions[1:]],
        types=taxonomy_of(project=access.project),
        current=current,
    )
    valid = form.is_bound and form.is_valid()
    if valid and "count" not in request.POST:
        try:
            queue, _ = relabel_request(
                project=access.project,
                user=request.user,
                name=form.cleaned_data["name"],
                overlap=form.cleaned_data["overlap"],
                selection=form.selection(),
            )
        except AnnotatorError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{queue.name} is being filled.")
            return redirect("annotator:queue", access.project.name, queue.pk)
    selection = form.selection() if valid else Selection()
    context = {
        "form": form,
        "current": current,
        "affected": affected_count(project=access.project, selection=selection),
    }
    return page(
        request,
        "annotator/guidelines_relabel.html",
        context,
        access=access,
        section=SECTION,
        status=422 if form.errors else 200,
    )


def _no_version(number: int) -> NotFoundError:
    return NotFoundError(f"These guidelines have no version {number}.")


def _example_changes(
    old: GuidelineVersion | None, new: GuidelineVersion
) -> list[tuple[str, int, int, str]]:
    """Return (sign, step, rating, why) of examples that came or went; a changed one does both."""
    before = [(row["step"], row["rating"], row["why"]) for row in (old.examples if old else [])]
    after = [(row["step"], row["rating"], row["why"]) for row in new.examples]
    gone = [("removed", *row) for row in before if row not in after]
    return gone + [("added", *row) for row in after if row not in before]
