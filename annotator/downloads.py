"""Files from the artefact store as downloads that a browser saves and never shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from annotator.errors import NotFoundError
from annotator.services.artefacts import artefact_chunks, artefact_size, path_check

if TYPE_CHECKING:
    from annotator.models import Export


def attachment(name: str) -> str:
    """Return the header value that saves a file under ``name``."""
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"


def export_file(export: Export, path: str) -> StreamingHttpResponse:
    """Stream one file of an export; only paths of its manifest exist.

    Raises:
        NotFoundError: the manifest has no such path, or the file is gone.
    """
    listed = {entry["path"] for entry in export.files}
    if path not in listed:
        raise NotFoundError("This export has no such file.")
    stored = path_check(f"{export.path}/{path}")
    response = StreamingHttpResponse(
        artefact_chunks(path=stored), content_type="application/octet-stream"
    )
    response["Content-Length"] = str(artefact_size(path=stored))
    response["Content-Disposition"] = attachment(path.rsplit("/", 1)[-1])
    response["X-Content-Type-Options"] = "nosniff"
    # Middleware must not compress: the length is stated and files may be large.
    response["Content-Encoding"] = "identity"
    return response
