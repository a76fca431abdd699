"""Files that people send: stored under a random name, the given name is only shown."""

from __future__ import annotations

import uuid
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING

from django.conf import settings

from annotator.models import Project, Upload
from annotator.services.artefacts import artefact_delete, artefact_write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

NAME_LENGTH = 200


def upload_store(*, project: Project, user: User, name: str, chunks: Iterable[bytes]) -> Upload:
    """Store a file in the artefact store and remember who sent it.

    Raises:
        InvalidError: it is larger than ``UPLOAD_MAX_MB`` allows.
        UnavailableError: the store cannot be written.
    """
    path = f"uploads/{uuid.uuid4().hex}"
    stored = artefact_write(path=path, chunks=chunks, limit=settings.UPLOAD_MAX_BYTES)
    return Upload.objects.create(
        project=project,
        user=user,
        name=shown_name(name),
        path=path,
        size=stored.size,
        sha256=stored.sha256,
    )


def uploads_store(
    *, project: Project, user: User, files: Iterable[tuple[str, Iterable[bytes]]]
) -> list[Upload]:
    """Store ``(name, chunks)`` of several files, all of them or none.

    Raises:
        InvalidError, UnavailableError: as ``upload_store``, of the first that cannot be stored.
    """
    stored: list[Upload] = []
    try:
        for name, chunks in files:
            stored.append(upload_store(project=project, user=user, name=name, chunks=chunks))
    except BaseException:
        for upload in stored:
            artefact_delete(path=upload.path)
            upload.delete()
        raise
    return stored


def shown_name(name: str) -> str:
    """Return the last part of a path as somebody's browser or script gave it, printable."""
    last = PurePath(PureWindowsPath(name).name).name
    return "".join(c for c in last if c.isprintable())[:NAME_LENGTH] or "file"
