"""The Import page: upload files, watch their jobs, see what came in before."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from annotator.errors import AnnotatorError
from annotator.forms import ImportForm, add_errors
from annotator.importers.registry import IMPORTERS
from annotator.models import Worker
from annotator.queries.access import project_for_user
from annotator.queries.datasets.catalog import source_files_of
from annotator.queries.jobs import live_workers, missing_worker
from annotator.queries.paging import page_of
from annotator.services.imports.uploads import uploads_store
from annotator.services.jobs.requests import import_request
from annotator.views.http import page
from annotator.views.pager import page_asked, pager
from scoring.errors import UnknownNameError

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.models import Job
    from annotator.queries.access import Access, Role
    from annotator.views.http import HtmxRequest


@require_http_methods(["GET", "POST"])
def import_page(request: HtmxRequest, project: str) -> HttpResponse:
    """Show the form and the imported files; POST stores each file and queues its import."""
    needed: Role = "reviewer" if request.method == "POST" else "viewer"
    access = project_for_user(user=request.user, name=project, at_least=needed)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            jobs = _start(request, access, form)
        except AnnotatorError as error:
            add_errors(form, error)
        except UnknownNameError as error:
            form.add_error("format", str(error))
        else:
            if len(jobs) > 1:
                return redirect("annotator:job-list", access.project.name)
            return redirect("annotator:job-detail", access.project.name, jobs[0].pk)
    missing = "" if live_workers(Worker.Kind.IO).exists() else missing_worker(Worker.Kind.IO)
    files = page_of(source_files_of(project=access.project), **page_asked(request, "files"))
    context = {
        "form": form,
        "formats": IMPORTERS.values(),
        "kinds": _kinds(),
        "chosen": form["format"].value() or "auto",
        "files": files.rows,
        "pager": pager(request, files, "files"),
        "missing_worker": missing,
        "upload_limit": settings.UPLOAD_MAX_BYTES,
    }
    return page(
        request,
        "annotator/import.html",
        context,
        access=access,
        section="import",
        status=422 if form.errors else 200,
    )


def _kinds() -> str:
    """Return the usual kinds of files that are taken, in words, the most common first."""
    counted = Counter(suffix for row in IMPORTERS.values() for suffix in row.suffixes)
    *others, last = (suffix.removeprefix(".").upper() for suffix, _ in counted.most_common())
    return f"{', '.join(others)} or {last}" if others else last


def _start(request: HtmxRequest, access: Access, form: ImportForm) -> list[Job]:
    """Store every file before the first import is queued: all of them or none."""
    uploads = uploads_store(
        project=access.project,
        user=request.user,
        files=[(sent.name or "", sent.chunks()) for sent in form.cleaned_data["file"]],
    )
    return [
        import_request(
            upload=upload,
            user=request.user,
            format_key=form.cleaned_data["format"],
            dry_run=form.cleaned_data["dry_run"],
        )
        for upload in uploads
    ]
