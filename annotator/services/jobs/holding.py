"""What the holder of a running job writes.

Every writer holds a fence: the number that its claim put into the row. A worker that was thought
dead and comes back finds a larger number (or another state) and is refused, so it cannot write
over its successor. All times are the database's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Least, Now

from annotator.errors import FencedOutError
from annotator.models import Job, JobMetric
from annotator.services.jobs.queueing import IDLE_ATTEMPTS, job_wake

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from annotator.models import Worker

METRIC_BATCH = 1_000
MOST_ATTEMPTS = 100
"""Attempts of one job, however much each of them saves."""


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


def job_advanced(*, job: Job) -> None:
    """Note that this attempt saved something that the next one need not do again.

    An attempt that gets further is no sign of a job that kills its workers, so it does not count:
    ``IDLE_ATTEMPTS`` further ones are allowed after it, up to ``MOST_ATTEMPTS`` in all.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    allowed = Greatest("max_attempts", Least(F("attempt") + IDLE_ATTEMPTS, MOST_ATTEMPTS))
    _write(job, max_attempts=allowed)


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


def job_keep(*, job: Job, result: dict[str, Any]) -> None:
    """Store the result in the transaction of the rows that it speaks of, as its last statement.

    Should the holder be lost before ``job_finish``, the next one finds the result and has nothing
    left to do. Until the transaction ends, the row is locked as by ``job_hold``.

    Raises:
        FencedOutError: the job is no longer this holder's.
    """
    _write(job, result=result)


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
def job_lost(*, job: Job, reason: str, code: str = "worker_lost") -> Job.State:
    """Queue a job again that was broken off, or fail it once its attempts are used up.

    Args:
        job: a running job as its holder (or the reaper, with the row locked) knows it.
        reason: a sentence on what happened.
        code: why it failed, if it fails.

    Returns:
        The state it is in now.

    Raises:
        FencedOutError: somebody else has taken care of it.
    """
    # The holder may be another process, which has raised the limit since ``job`` was read.
    limit = _held(job).select_for_update().values_list("max_attempts", flat=True).first()
    if limit is None:
        raise _fenced_out(job)
    if job.attempt < limit:
        _write(
            job,
            state=Job.State.QUEUED,
            worker=None,
            heartbeat=Now(),
            message=f"{reason} Queued again for attempt {job.attempt + 1} of {limit}.",
        )
        job_wake(job=job)
        return Job.State.QUEUED
    why = (
        "which is as often as a job is tried"
        if limit >= MOST_ATTEMPTS
        else f"and the last {IDLE_ATTEMPTS} saved nothing new"
    )
    sentence = f"{reason} That was attempt {job.attempt} of {limit}, {why}."
    job_fail(job=job, code=code, error=sentence)
    return Job.State.FAILED


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
