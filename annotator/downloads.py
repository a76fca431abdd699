"""Files from the artefact store as downloads that a browser saves and never shows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from annotator.errors import NotFoundError
from annotator.exporters.writer import MANIFEST
from annotator.services.artefacts import artefact_chunks, artefact_size, path_check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from annotator.models import Export

# What a spreadsheet may take for the beginning of a formula; some read the wide signs, too.
FORMULA_SIGNS = frozenset("=+-@\t\r\n|＝＋－＠")


def attachment(name: str) -> str:
    """Return the header value that saves a file under ``name``."""
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"


def csv_text(text: str) -> str:
    """Return a CSV cell that a spreadsheet takes for text, never for a formula."""
    return f"'{text}" if text.lstrip(" ")[:1] in FORMULA_SIGNS else text


def export_file(export: Export, path: str) -> StreamingHttpResponse:
    """Stream one file of an export; only paths of its manifest exist.

    Raises:
        NotFoundError: the manifest has no such path, or the file is gone.
    """
    listed = {entry["path"] for entry in export.files}
    if path not in listed:
        raise NotFoundError("This export has no such file.")
    stored = path_check(f"{export.path}/{path}")
    response = _saved(
        artefact_chunks(path=stored), path.rsplit("/", 1)[-1], "application/octet-stream"
    )
    response["Content-Length"] = str(artefact_size(path=stored))
    return response


def export_archive(export: Export) -> StreamingHttpResponse:
    """Stream all files of an export and its manifest as one ZIP, in constant memory.

    They stand in one folder named like the ZIP, so that two exports unpacked side by side stay apart.

    Raises:
        NotFoundError: a file is gone.
    """
    paths = [*(entry["path"] for entry in export.files), MANIFEST]
    for path in paths:
        artefact_size(path=path_check(f"{export.path}/{path}"))
    name = f"{export.project.name}-{export.snapshot.name}-{export.format}".replace("/", "-")
    return _saved(_zipped(export, paths, name), f"{name}.zip", "application/zip")


def _saved(pieces: Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = attachment(name)
    response["X-Content-Type-Options"] = "nosniff"
    # Middleware must not compress: the length may be stated and files may be large.
    response["Content-Encoding"] = "identity"
    return response


class _Outlet:
    """What ``ZipFile`` writes to: bytes wait here until the response takes them."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Keep what waits: ``take`` empties it."""

    def close(self) -> None:
        """Keep what waits: the end of the archive is taken after it is closed."""

    def take(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data


def _zipped(export: Export, paths: Sequence[str], folder: str) -> Iterator[bytes]:
    outlet = _Outlet()
    with ZipFile(outlet, "w") as archive:
        for path in paths:
            member = ZipInfo(f"{folder}/{path}", export.created.timetuple()[:6])
            member.compress_type = ZIP_DEFLATED
            # The length is not known to ZipFile before the end, and a file may pass 4 GB.
            with archive.open(member, "w", force_zip64=True) as inside:
                for chunk in artefact_chunks(path=path_check(f"{export.path}/{path}")):
                    inside.write(chunk)
                    yield outlet.take()
    yield outlet.take()
