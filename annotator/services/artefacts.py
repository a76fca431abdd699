"""The artefact store: uploads, checkpoints and exports under one root, local or any fsspec URL.

Paths are relative and use forward slashes; whatever would leave the root is refused, so a path
from a row, a manifest or a form can never name another file.
"""

from __future__ import annotations

import errno
import hashlib
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from django.conf import settings
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from annotator.errors import InvalidError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: size in bytes and sha256 in hex."""

    size: int
    sha256: str


def artefact_write(*, path: str, chunks: Iterable[bytes], limit: int | None = None) -> Stored:
    """Write a file chunk by chunk; a failed write leaves nothing behind.

    Raises:
        InvalidError: the path leaves the store, or more than ``limit`` bytes came.
        UnavailableError: the disk is full or the store cannot be written.
    """
    store, full = _locate(path)
    digest, size = hashlib.sha256(), 0
    try:
        store.makedirs(posixpath.dirname(full), exist_ok=True)
        with cast("IO[bytes]", store.open(full, "wb")) as out:
            for chunk in _limited(chunks, limit):
                size += len(chunk)
                digest.update(chunk)
                out.write(chunk)
    except BaseException as error:
        artefact_delete(path=path)
        if isinstance(error, OSError):
            raise store_error(error, "The file", artefact_place()) from error
        raise
    return Stored(size, digest.hexdigest())


def artefact_open(*, path: str) -> IO[bytes]:
    """Open a file of the store for reading.

    Raises:
        NotFoundError: it is not there (any more).
        InvalidError: the path leaves the store.
    """
    store, full = _locate(path)
    try:
        return cast("IO[bytes]", store.open(full, "rb"))
    except (FileNotFoundError, IsADirectoryError):
        raise NotFoundError("This file is no longer in the artefact store.") from None


def artefact_chunks(*, path: str) -> Iterator[bytes]:
    """Open a file of the store and yield it in pieces; opening fails here, not while streaming."""
    stream = artefact_open(path=path)

    def pieces() -> Iterator[bytes]:
        with stream:
            while piece := stream.read(CHUNK):
                yield piece

    return pieces()


def artefact_size(*, path: str) -> int:
    """Return the size of a file in bytes.

    Raises:
        NotFoundError: it is not there (any more).
    """
    store, full = _locate(path)
    try:
        return int(store.size(full))
    except FileNotFoundError:
        raise NotFoundError("This file is no longer in the artefact store.") from None


def artefact_delete(*, path: str) -> None:
    """Delete a file if it is there."""
    store, full = _locate(path)
    if store.exists(full):
        store.rm_file(full)


def artefact_tree_delete(*, path: str) -> None:
    """Delete a folder with all that is in it, if it is there."""
    store, full = _locate(path)
    if store.exists(full):
        store.rm(full, recursive=True)


def artefact_folder(*, path: str) -> Path:
    """Return a local folder of the store, made if missing.

    Raises:
        UnavailableError: the store is not on this machine.
    """
    store, full = _locate(path)
    if not isinstance(store, LocalFileSystem):
        raise UnavailableError(
            "ARTIFACTS_URL names a remote store; this needs a folder on this machine."
        )
    folder = Path(full)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def artefact_place() -> str:
    """Return where the store is, for a person: its folder, or only that it is a remote one."""
    store, root = url_to_fs(settings.ARTIFACTS_URL)
    return str(root) if isinstance(store, LocalFileSystem) else "the store of ARTIFACTS_URL"


def store_error(error: OSError, what: str, place: str) -> UnavailableError:
    """Return the sentence for a file system that refuses to take ``what`` at ``place``."""
    if error.errno in FULL:
        return UnavailableError(
            f"{what} cannot be written: the disk that holds {place} is full. Nothing of it was "
            "kept; make room there, then try again.",
            code="disk_full",
        )
    return UnavailableError(f"{what} cannot be written to {place}: {error.strerror or error}.")


def path_check(path: str) -> str:
    """Return ``path`` if it stays inside the store.

    Raises:
        InvalidError: it is absolute, climbs, or has a character no path of ours has.
    """
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} for part in parts) or set(path) & set("\\\x00:"):
        raise InvalidError("This is not a path inside the artefact store.")
    return path


def _limited(chunks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if limit is not None and seen > limit:
            raise InvalidError(f"The file is larger than the {limit // 2**20:,} MB allowed.")
        yield chunk


def _locate(path: str) -> tuple[Any, str]:
    """Return the file system and the full path, which is inside the root even through links."""
    store, root = url_to_fs(settings.ARTIFACTS_URL)
    full = posixpath.join(root, path_check(path))
    if isinstance(store, LocalFileSystem):
        base = Path(root)
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not Path(full).resolve().is_relative_to(base.resolve()):
            raise InvalidError("This is not a path inside the artefact store.")
    return store, full
