"""The life of a job. Its row is the truth; a message only wakes a worker.

Every writer of a running job holds a fence: the number that its claim put into the row. A worker
that was thought dead and comes back finds a larger number (or another state) and is refused, so
it cannot write over its successor. All times are the database's clock.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from annotator.errors import ConflictError, FencedOutError
from annotator.models import Job, JobMetric, Project, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

METRIC_BATCH = 1_000


def job_wake(*, job: Job) -> None:
    """Tell the workers after commit that ``job`` waits.

    A broker that cannot be reached is logged and noted in ``job.unwoken``, not raised: the row is
    safe, and the reaper sends the message again.
    """

    def send() -> None:
        try:
            current_app.send_task(str(job.kind), args=[job.pk], queue=job.queue.value)
        except Exception as error:  # noqa: BLE001 - each broker's library has errors of its own
            reason = " ".join(str(error).split()) or type(error).__name__
            job.unwoken = f"The broker could not be told of job {job.pk}, which waits: {reason}"
            logger.warning(job.unwoken)

    transaction.on_commit(send, robust=True)


@transaction.atomic
def job_create(
    *,
    project: Project,
    kind: Job.Kind,
    args: dict[str, Any],
    user: User | None = None,
    max_attempts: int = 3,
) -> Job:
    """Queue a job and wake a worker once the transaction is committed."""
    job = Job.objects.create(
        project=project,
        kind=kind,
        args=args,
        created_by=user,
        max_attempts=max_attempts,
        heartbeat=Now(),
    )
    job.refresh_from_db()
    job_wake(job=job)
    return job


@transaction.atomic
def job_claim(*, job_id: int, worker: Worker | None) -> Job | None:
    """Take a queued job for ``worker`` (None: the calling command).

    Returns:
        The running job with its new fence, or None where there is nothing to do: it is gone,
        taken, ended, or being taken at this moment.
    """
    job = (
        Job.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("project", "created_by")
        .filter(pk=job_id, state=Job.State.QUEUED)
        .first()
    )
    if job is None:
        return None
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING,
        fence=F("fence") + 1,
        attempt=F("attempt") + 1,
        worker=worker,
        heartbeat=Now(),
        started=Coalesce("started", Now()),
        finished=None,
        error="",
        error_code="",
    )
    job.refresh_from_db(from_queryset=Job.objects.select_related("project", "created_by"))
    return job


def job_heartbeat(*, job: Job) -> None:
    """Show that the holder of ``job`` lives.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    _write(job, heartbeat=Now())


def job_cancel_wanted(*, job: Job) -> bool:
    """Say whether a person asked to cancel ``job``.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    row = _held(job).values_list("cancel_requested", flat=True).first()
    if row is None:
        raise _fenced_out(job)
    return row


def job_progress(*, job: Job, done: int, total: int | None = None, message: str = "") -> None:
    """Show how far the job is; also counts as a heartbeat.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    _write(job, heartbeat=Now(), done=done, total=total, message=message)


@transaction.atomic
def job_metrics(*, job: Job, rows: Iterable[tuple[int, str, float]]) -> None:
    """Store points ``(step, name, value)`` of curves; a resumed run replaces equal steps.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    job_hold(job=job)
    JobMetric.objects.bulk_create(
        [JobMetric(job_id=job.pk, step=step, name=name, value=value) for step, name, value in rows],
        batch_size=METRIC_BATCH,
        update_conflicts=True,
        unique_fields=["job", "name", "step"],
        update_fields=["value"],
    )


def job_hold(*, job: Job) -> None:
    """Lock the row of ``job`` until the surrounding transaction ends.

    Whatever that transaction writes is then safe from a second worker: the reaper leaves a locked
    job alone.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    if not _held(job).select_for_update().exists():
        raise _fenced_out(job)


def job_finish(*, job: Job, result: dict[str, Any]) -> None:
    """End a job well. Raises ``FencedOutError`` if it is no longer this holder's."""
    _write(job, state=Job.State.DONE, result=result, finished=Now(), message="")


def job_fail(*, job: Job, code: str, error: str) -> None:
    """End a job with a reason. Raises ``FencedOutError`` if it is no longer this holder's."""
    _write(job, state=Job.State.FAILED, error_code=code, error=error, finished=Now())


def job_cancel(*, job: Job) -> None:
    """End a job because a person asked. Raises ``FencedOutError`` like the others."""
    _write(job, state=Job.State.CANCELLED, finished=Now(), message="")


def job_release(*, job: Job) -> None:
    """Give a job back unfinished because its worker is shutting down; the attempt is not counted.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    _write(job, state=Job.State.QUEUED, attempt=F("attempt") - 1, worker=None, heartbeat=Now())
    job_wake(job=job)


@transaction.atomic
def job_lost(*, job: Job, reason: str) -> Job.State:
    """Queue a job again whose holder died, or fail it once its attempts are used up.

    Args:
        job: a running job as its holder (or the reaper, with the row locked) knows it.
        reason: a sentence on what happened to the holder.

    Returns:
        The state it is in now.

    Raises:
        FencedOutError: somebody else has taken care of it.
    """
    if job.attempt < job.max_attempts:
        _write(
            job,
            state=Job.State.QUEUED,
            worker=None,
            heartbeat=Now(),
            message=f"{reason} Queued again.",
        )
        job_wake(job=job)
        return Job.State.QUEUED
    sentence = f"{reason} That was attempt {job.attempt} of {job.max_attempts}."
    job_fail(job=job, code="worker_lost", error=sentence)
    return Job.State.FAILED


@transaction.atomic
def job_cancel_request(*, job: Job) -> Job:
    """Cancel a queued job at once, ask the worker of a running one to stop.

    Raises:
        ConflictError: it has already ended.
    """
    row = Job.objects.select_for_update().get(pk=job.pk)
    if row.state == Job.State.QUEUED:
        row.state = Job.State.CANCELLED
        Job.objects.filter(pk=row.pk).update(state=row.state, cancel_requested=True, finished=Now())
    elif row.state == Job.State.RUNNING:
        Job.objects.filter(pk=row.pk).update(cancel_requested=True)
    else:
        raise ConflictError(f"This job is already {row.state}; there is nothing to cancel.")
    row.refresh_from_db()
    return row


@transaction.atomic
def job_resume(*, job: Job) -> Job:
    """Queue a failed or cancelled job again, with fresh attempts; it goes on where it can.

    Raises:
        ConflictError: it is waiting, running or done.
    """
    row = Job.objects.select_for_update().get(pk=job.pk)
    if row.state not in {Job.State.FAILED, Job.State.CANCELLED}:
        raise ConflictError(f"This job is {row.state}; only a failed or cancelled job can resume.")
    Job.objects.filter(pk=row.pk).update(
        state=Job.State.QUEUED,
        attempt=0,
        cancel_requested=False,
        error="",
        error_code="",
        worker=None,
        finished=None,
        heartbeat=Now(),
    )
    row.refresh_from_db()
    job_wake(job=row)
    return row


def _held(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING)


def _write(job: Job, **fields: Any) -> None:
    """Change the row if ``job`` still holds it."""
    if not _held(job).update(**fields):
        raise _fenced_out(job)


def _fenced_out(job: Job) -> FencedOutError:
    return FencedOutError(
        f"Job {job.pk} is no longer held by this worker (fence {job.fence}): it ended, was "
        "requeued, or another worker has it."
    )
