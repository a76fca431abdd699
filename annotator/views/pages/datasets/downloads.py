"""Downloads of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_safe

from annotator.downloads import export_archive, export_file
from annotator.queries.access import export_for_user

if TYPE_CHECKING:
    from django.http import StreamingHttpResponse

    from annotator.models import Export
    from annotator.views.http import HtmxRequest


@require_safe
def export_download(
    request: HtmxRequest, project: str, pk: int, path: str
) -> StreamingHttpResponse:
    """Download one file of an export."""
    return export_file(_export(request, project, pk), path)


@require_safe
def export_download_all(request: HtmxRequest, project: str, pk: int) -> StreamingHttpResponse:
    """Download all files of an export in their folders."""
    return export_archive(_export(request, project, pk))


def _export(request: HtmxRequest, project: str, pk: int) -> Export:
    """Return an export whose files the person may have: they hold everybody's judgements."""
    return export_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
