"""A whole file: opened, recognised, read once, and remembered with its report."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from typing import IO, TYPE_CHECKING, cast

from django.db import transaction

from annotator.errors import ImportRefusedError
from annotator.importers.auto import detect
from annotator.importers.lines import HEAD_BYTES, wrong_encoding
from annotator.importers.registry import importer
from annotator.models import SourceFile
from annotator.services.imports.records import import_records
from scoring.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.contrib.auth.models import User

    from annotator.models import Project
    from annotator.services.imports.report import ImportReport

AUTO = "auto"
NAME_LENGTH = 255
_READ_BYTES = 1 << 20
_PACKED = (
    (b"\x1f\x8b", "gzip-compressed", "gunzip"),
    (b"PK\x03\x04", "a zip archive", "unzip"),
    (b"PK\x05\x06", "a zip archive", "unzip"),
    (b"BZh", "bzip2-compressed", "bunzip2"),
    (b"\xfd7zXZ\x00", "xz-compressed", "unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "unzstd"),
)

Progress = Callable[[int, int, str], None]
"""Told bytes read, bytes of the file, and a sentence."""


class HashingReader(io.RawIOBase):
    """Reads another stream once and knows how far it is and the sha256 of what was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._hash = sha256()
        self.position = 0

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` from the stream behind."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        self.position += len(data)
        return len(data)

    def hexdigest(self) -> str:
        """Read to the end and return the sha256 of the whole stream."""
        while self.read(_READ_BYTES):
            pass
        return self._hash.hexdigest()


def import_file(
    *,
    project: Project,
    path: Path | None = None,
    stream: IO[bytes] | None = None,
    name: str = "",
    format: str = AUTO,  # noqa: A002 - the contract's word
    dry_run: bool = False,
    user: User | None = None,
    on_progress: Progress | None = None,
    on_saved: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ImportReport:
    """Import one file and remember it as a ``SourceFile`` with its report.

    Args:
        project: where its records go.
        path: the file, or
        stream: a seekable binary stream with its content.
        name: what people call the file; the last part of ``path`` if not given.
        format: a key of the importers' registry, or "auto" to look at the content.
        dry_run: do everything and take it back, so that the report says what would be added.
        user: who imports.
        on_progress: told bytes and a sentence, several times a second at most.
        on_saved: called after batches, once records are stored that were not there before.
        should_stop: asked several times a second; True ends the import between two batches.

    Raises:
        ImportRefusedError: not a readable file, empty, packed, of no or of several formats.
        UnknownNameError: no such format.
        CancelledError: ``should_stop`` said so; the report stands in the ``SourceFile``.
        ImportStoppedError: the database failed; what was stored before stays.
    """
    if (path is None) == (stream is None):
        raise TypeError("give either path or stream")
    shown = _shown_name(name or (path.name if path else "stream"))
    with _opened(path, stream, shown) as opened:
        key = _format_of(opened, shown, format)
        with transaction.atomic() if dry_run else nullcontext():
            file = SourceFile.objects.create(project=project, format=key, name=shown)
            report = _read(file, opened, on_progress, None if dry_run else on_saved, should_stop)
            report.dry_run = dry_run
            _remember(file, report, user)
            if dry_run:
                transaction.set_rollback(True)
    if report.cancelled:
        raise CancelledError(
            f"stopped after {report.records:,} records of {shown}; what was stored stays, "
            "importing the file again adds the rest"
        )
    if not report.records:
        raise ImportRefusedError(f"{shown} holds no record", code="empty_file")
    return report


@contextmanager
def _opened(path: Path | None, stream: IO[bytes] | None, shown: str) -> Iterator[IO[bytes]]:
    """Give the content as a seekable stream at its start."""
    if stream is not None:
        stream.seek(0)
        yield stream
        return
    try:
        # Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
        with open(path or "", "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ImportRefusedError(f"{shown} is not a regular file", code="not_a_file")
            yield file
    except IsADirectoryError:
        reason = f"{shown} is a folder: name the files in it"
        raise ImportRefusedError(reason, code="not_a_file") from None
    except FileNotFoundError:
        reason = f"{shown} does not exist"
        raise ImportRefusedError(reason, code="no_such_file") from None
    except OSError as error:
        reason = f"{shown} cannot be read: {error.strerror or error}"
        raise ImportRefusedError(reason, code="unreadable_file") from None


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _format_of(stream: IO[bytes], shown: str, wanted: str) -> str:
    """Return the key of the format: the one that was named, or the one its content shows."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    for magic, what, tool in _PACKED:
        if head.startswith(magic):
            reason = f"{shown} is {what}: unpack it first ({tool}), then import what is inside"
            raise ImportRefusedError(reason, code="packed_file")
    try:
        found = detect(head) if wanted == AUTO or not head.strip() else importer(wanted).key
    except ImportRefusedError as error:
        raise ImportRefusedError(f"{shown}: {error.message}", code=error.code) from None
    if fault := wrong_encoding(head):
        raise ImportRefusedError(f"{shown}: {fault}", code="wrong_encoding")
    return found


def _read(
    file: SourceFile,
    stream: IO[bytes],
    on_progress: Progress | None,
    on_saved: Callable[[], None] | None,
    should_stop: Callable[[], bool] | None,
) -> ImportReport:
    """Import the records of ``stream`` and note what the file was."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    reader = HashingReader(stream)

    def on_batch(report: ImportReport) -> None:
        counts = report.counts
        if on_saved is not None and counts.accepted > counts.unchanged:
            on_saved()
        if on_progress is not None:
            told = f"{report.records:,} records, {counts.steps:,} steps added"
            on_progress(min(reader.position, size), size, told)

    report = import_records(
        project=file.project,
        format=file.format,
        items=importer(file.format).read(cast("IO[bytes]", reader)),
        file=file,
        on_batch=on_batch,
        should_stop=should_stop,
    )
    if not report.cancelled:
        file.sha256 = reader.hexdigest()
    return report


def _remember(file: SourceFile, report: ImportReport, user: User | None) -> None:
    file.report = report.as_dict()
    if user is not None:
        file.report["imported_by"] = user.get_username()
    file.save(update_fields=["report", "sha256"])


def _shown_name(name: str) -> str:
    """Return the file's name as it can be stored and shown; it is never used as a path."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return clean.replace("\\", "/").rsplit("/", 1)[-1][:NAME_LENGTH] or "unnamed"
