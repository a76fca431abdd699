"""Exports: a snapshot's problems through an exporter into files, all of them or none.

Files are written into a hidden folder beside their place and moved when everything is done, so a
full disk, a cancelled job or a crash never leaves half an export where somebody looks for one.
"""

from __future__ import annotations

import gc
import json
import secrets
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from annotator.errors import ExportRefusedError
from annotator.exporters.card import CARD
from annotator.exporters.registry import exporter
from annotator.exporters.writer import MANIFEST, HashedFile
from annotator.models import Export
from annotator.queries.datasets.snapshots import snapshot_problems
from annotator.services.artefacts import (
    artefact_delete,
    artefact_folder,
    artefact_place,
    artefact_tree_delete,
    artefact_write,
    store_error,
)
from annotator.services.collector import collector_paused
from annotator.services.datasets.snapshots import snapshot_automatic
from annotator.services.jobs import job_keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.contrib.auth.models import User

    from annotator.exporters.base import ExporterRow
    from annotator.exporters.records import ExportProblem
    from annotator.exporters.writer import ExportReport
    from annotator.models import Job, Project, Snapshot

    OnProgress = Callable[[int, int], None]

CHUNK = 1 << 20
COLLECT_EVERY = 10_000


def export_create(
    *,
    project: Project,
    format: str,  # noqa: A002 - the field's name in the contract
    snapshot: Snapshot | None = None,
    out_dir: Path | str | None = None,
    options: Mapping[str, object] | None = None,
    user: User | None = None,
    job: Job | None = None,
    on_progress: OnProgress | None = None,
) -> Export:
    """Write ``snapshot`` in the given format and remember the files.

    Args:
        project: the project.
        format: key of the exporter.
        snapshot: what to export; None freezes the project as it is now.
        out_dir: a folder of the caller's, made if missing; None puts the files into the artefact
            store, below ``exports/``.
        options: the exporter's own.
        user: who asked.
        job: the running job that does it, if one does; its result is stored with the export.
        on_progress: called with problems written and problems in all; may raise to stop.

    Returns:
        The export; ``path`` is the folder, relative to the artefact store unless ``out_dir`` was
        given, and ``files`` are relative to it.

    Raises:
        UnknownNameError: no such format or option, naming the known ones.
        InvalidError: an option's value.
        ExportRefusedError: nothing came out under the snapshot's rules.
        UnavailableError: the disk is full, or the place cannot be written.
        FencedOutError: another worker has the job.
    """
    row = exporter(format)
    checked = row.checked_options(options)
    source = snapshot or snapshot_automatic(project=project, user=user)
    path = _stored_path(row, project, job) if out_dir is None else str(Path(out_dir).resolve())
    place = _place(path, own=out_dir is not None)
    shown = artefact_place() if out_dir is None else path
    with collector_paused(), _written_words(shown), place as folder:
        report = _write(row, source, checked, folder, on_progress)
        manifest = manifest_of(row, source, checked, report)
        text = json.dumps(manifest, ensure_ascii=False, indent=2)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    try:
        with transaction.atomic():
            export = Export.objects.create(
                project=project,
                snapshot=source,
                job=job,
                format=row.key,
                options=checked,
                path=path,
                rows=report.rows,
                excluded=dict(report.excluded),
                files=[asdict(file) for file in report.files],
                created_by=user,
            )
            if job is not None:
                job_keep(job=job, result=export_result(export))
    except BaseException:
        if out_dir is None:
            artefact_tree_delete(path=path)
        raise
    return export


def export_result(export: Export) -> dict[str, Any]:
    """Return what a job that made ``export`` says of it."""
    return {"export": export.pk, "rows": export.rows, "excluded": export.excluded}


def manifest_of(
    row: ExporterRow, snapshot: Snapshot, options: Mapping[str, Any], report: ExportReport
) -> dict[str, Any]:
    """Return what ``manifest.json`` says: what the files are, made of what, and what is not in."""
    rules = {k: v for k, v in snapshot.rules.items() if k != "max_score"}
    return {
        "format": row.key,
        "format_version": row.version,
        "row": row.row,
        "project": snapshot.project.name,
        "snapshot": {
            "name": snapshot.name,
            "hash": snapshot.hash,
            "rules": rules,
            "filter": snapshot.filter,
            "counts": snapshot.counts,
        },
        "options": dict(options),
        "rows": report.rows,
        "levels": {"rows": dict(report.levels), "rankings": dict(report.rankings)},
        "excluded": dict(report.excluded),
        "files": [asdict(file) for file in report.files],
        "created": timezone.now().isoformat(timespec="seconds"),
    }


def _stored_path(row: ExporterRow, project: Project, job: Job | None) -> str:
    """Return a new folder of the store; what killed attempts of the same job left is removed."""
    if job is None:
        return f"exports/{project.pk}/{row.key}-{secrets.token_hex(4)}"
    *earlier, own = (f"exports/{project.pk}/{row.key}-{job.pk}-{n + 1}" for n in range(job.fence))
    for path in earlier:
        artefact_tree_delete(path=path)
    return own


def _write(
    row: ExporterRow,
    snapshot: Snapshot,
    options: Mapping[str, Any],
    folder: Path,
    on_progress: OnProgress | None,
) -> ExportReport:
    with ExitStack() as opened:

        def open_file(name: str) -> IO[bytes]:
            target = folder.joinpath(*PurePosixPath(name).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            return opened.enter_context(target.open("wb"))

        report = row.write(_counted(row, snapshot, on_progress), open_file, options)
        paths = [file.path for file in report.files]
        if CARD not in paths:
            with HashedFile(CARD, open_file(CARD)) as card:
                card.write(row.card(snapshot.project.name, paths).encode())
                report.files.append(card.entry())
    if not report.rows:
        reasons = ", ".join(f"{n:,} × {reason}" for reason, n in report.excluded.items())
        raise ExportRefusedError(
            f"Nothing came out as {row.label}: one row is {row.row}, and the snapshot "
            f"'{snapshot.name}' has none under its rules ({reasons or 'it is empty'})."
        )
    return report


def _counted(
    row: ExporterRow, snapshot: Snapshot, on_progress: OnProgress | None
) -> Iterator[ExportProblem]:
    total = snapshot.counts["problems"]
    problems = snapshot_problems(snapshot=snapshot, with_sources=row.sources)
    for done, problem in enumerate(problems, start=1):
        yield problem
        if done % COLLECT_EVERY == 0:
            gc.collect(0)
        if on_progress is not None:
            on_progress(done, total)


@contextmanager
def _written_words(place: str) -> Iterator[None]:
    """Turn what the file system says into a sentence."""
    try:
        yield
    except OSError as error:
        raise store_error(error, "The export", place) from error


@contextmanager
def _place(path: str, *, own: bool) -> Iterator[Path]:
    """Yield an empty folder whose files move to ``path`` if all goes well, and vanish if not."""
    store, _ = url_to_fs(settings.ARTIFACTS_URL)
    if not own and not isinstance(store, LocalFileSystem):
        with tempfile.TemporaryDirectory(prefix="tracewood-export-") as name:
            yield Path(name)
            _upload(Path(name), path)
        return
    final = Path(path) if own else artefact_folder(path=path)
    existed = own and final.exists()
    final.mkdir(parents=True, exist_ok=True)
    folder = final / f".partial-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
        _move(folder, final)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if not existed:
            shutil.rmtree(final, ignore_errors=True)
        raise
    shutil.rmtree(folder)


def _move(folder: Path, final: Path) -> None:
    """Move the files to their place, the manifest last: where it is, everything is."""
    files = sorted(folder.rglob("*"), key=lambda file: (file.name == MANIFEST, file))
    for file in files:
        target = final / file.relative_to(folder)
        if file.is_dir():
            target.mkdir(exist_ok=True)
        else:
            file.replace(target)


def _upload(folder: Path, path: str) -> None:
    """Copy the files into a remote store, all or none."""
    sent: list[str] = []
    try:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                sent.append(f"{path}/{file.relative_to(folder).as_posix()}")
                artefact_write(path=sent[-1], chunks=_chunks(file))
    except BaseException:
        for done in sent:
            artefact_delete(path=done)
        raise


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(CHUNK):
            yield piece
