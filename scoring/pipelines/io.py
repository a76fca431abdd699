"""The runs of io workers: files in and out, snapshots, the sample project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import NotFoundError
from annotator.models import Queue, Snapshot, Upload
from annotator.services.artefacts import artefact_open
from annotator.services.datasets.exports import export_create, export_result
from annotator.services.datasets.snapshots import snapshot_create
from annotator.services.imports import import_file
from annotator.services.jobs.requests import train_request
from annotator.services.judgements.answers import answers_check
from annotator.services.projects.samples import sample_project_fill
from annotator.services.queues.build import queue_build

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.pipelines.context import JobContext

# With loading and evaluation the first model is there within five minutes on two idle cores: so many
# steps take about 280 s there (1,750 took 310 s in all). The limit is for slower machines.
SAMPLE_TRAINING = {"steps": "1600", "max_seconds": "600"}


def run_import(context: JobContext) -> dict[str, Any]:
    """Import an upload; the result is the report that ``import_traces --json`` prints."""
    upload = Upload.objects.filter(pk=context.args["upload"], project=context.project).first()
    if upload is None:
        raise NotFoundError("The uploaded file was deleted; send it again.")
    with artefact_open(path=upload.path) as stream:
        report = import_file(
            project=context.project,
            stream=stream,
            name=upload.name,
            format=context.args["format"],
            dry_run=context.args["dry_run"],
            user=context.user,
            on_progress=context.progress,
            on_saved=context.saved,
            should_stop=context.should_stop,
        )
    return report.as_dict()


def run_snapshot(context: JobContext) -> dict[str, Any]:
    """Freeze the project; the result says what is in the snapshot."""
    with transaction.atomic():
        snapshot = snapshot_create(
            project=context.project,
            name=context.args["name"],
            rules=context.args["rules"],
            filter=context.args["filter"],
            user=context.user,
            on_progress=_told(context, "problems frozen"),
        )
        result = {"snapshot": snapshot.pk, "hash": snapshot.hash, **snapshot.counts}
        context.keep(result)
    return result


def run_export(context: JobContext) -> dict[str, Any]:
    """Write an export into the artefact store; the result names its row."""
    chosen = context.args["snapshot"]
    export = export_create(
        project=context.project,
        format=context.args["format"],
        snapshot=Snapshot.objects.get(pk=chosen, project=context.project) if chosen else None,
        options=context.args["options"],
        user=context.user,
        job=context.job,
        on_progress=_told(context, "problems written"),
    )
    return export_result(export)


def run_queue(context: JobContext) -> dict[str, Any]:
    """Fill a queue; the result counts its items."""
    queue = (
        Queue.objects.select_related("project", "model")
        .filter(pk=context.args["queue"], project=context.project)
        .first()
    )
    if queue is None:
        raise NotFoundError("The queue was deleted before it was filled.")

    def tell(done: int, total: int | None, doing: str) -> None:
        context.progress(done, total, doing)
        context.check()

    return {"queue": queue.pk, **queue_build(queue=queue, on_progress=tell, job=context.job)}


def run_answers(context: JobContext) -> dict[str, Any]:
    """Check final answers; the result counts verdicts, as ``check_answers --json`` does."""
    report = answers_check(
        project=context.project,
        name=context.args["name"],
        replace=context.args["replace"],
        on_progress=_told(context, "traces checked"),
        on_saved=context.saved,
        job=context.job,
    )
    context.publish()
    return report.as_dict()


def run_sample(context: JobContext) -> dict[str, Any]:
    """Fill the sample project, then queue its first training."""
    report = sample_project_fill(
        project=context.project,
        on_progress=context.progress,
        should_stop=context.should_stop,
    )
    train_request(
        project=context.project,
        user=context.user,
        settings=SAMPLE_TRAINING,
        name="sample",
    )
    return report.as_dict() if report else {"unchanged": True}


def _told(context: JobContext, what: str) -> Callable[[int, int], None]:
    """Return a callback that shows progress and stops the work when the job should stop."""

    def tell(done: int, total: int) -> None:
        context.progress(done, total, f"{done:,} of {total:,} {what}")
        context.check()

    return tell
