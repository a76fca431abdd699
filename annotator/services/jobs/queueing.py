"""What people and services ask of a job: queue it, cancel it, queue it again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.db import transaction
from django.db.models.functions import Now

from annotator.errors import ConflictError
from annotator.models import Job

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Project

logger = logging.getLogger(__name__)

IDLE_ATTEMPTS = 3
"""Attempts in a row that may be lost without having saved anything."""


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
) -> Job:
    """Queue a job and wake a worker once the transaction is committed."""
    job = Job.objects.create(
        project=project,
        kind=kind,
        args=args,
        created_by=user,
        max_attempts=IDLE_ATTEMPTS,
        heartbeat=Now(),
    )
    job.refresh_from_db()
    job_wake(job=job)
    return job


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
        max_attempts=IDLE_ATTEMPTS,
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
