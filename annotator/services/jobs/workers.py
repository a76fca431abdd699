"""Worker rows, and the reaper that gives the jobs of dead workers to live ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from annotator.models import Job, Worker
from annotator.queries.jobs import idle_workers
from annotator.services.jobs import job_cancel, job_lost, job_wake

if TYPE_CHECKING:
    from collections.abc import Callable

# Any fixed number will do; it only has to differ from other advisory locks of this database.
REAPER_LOCK = 0x7265_6170
FORGET_WORKERS_AFTER = timedelta(hours=1)


@dataclass(slots=True)
class Reaped:
    """What one round of the reaper changed, as job ids."""

    requeued: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    woken: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.requeued or self.failed or self.cancelled or self.woken)


def worker_register(*, kind: Worker.Kind, host: str, pid: int, device: str = "cpu") -> Worker:
    """Announce a worker process."""
    worker = Worker.objects.create(kind=kind, host=host[:255], pid=pid, device=device[:80])
    worker.refresh_from_db()
    return worker


def worker_heartbeat(*, worker: Worker) -> None:
    """Show that ``worker`` lives; a row that was swept away meanwhile comes back."""
    if not Worker.objects.filter(pk=worker.pk).update(heartbeat=Now(), device=worker.device):
        Worker.objects.create(
            pk=worker.pk, kind=worker.kind, host=worker.host, pid=worker.pid, device=worker.device
        )


def worker_remove(*, worker: Worker) -> None:
    """Sign a worker off."""
    Worker.objects.filter(pk=worker.pk).delete()


@transaction.atomic
def workers_sweep(*, host: str, is_alive: Callable[[int], bool]) -> Reaped:
    """Take the jobs of workers of this machine whose process is gone, without waiting.

    A worker does this when it starts, so that work goes on at once after a crash.

    Args:
        host: this machine.
        is_alive: says whether a process id of this machine is in use.
    """
    reaped = Reaped()
    dead = [row for row in Worker.objects.filter(host=host) if not is_alive(row.pid)]
    held = Job.objects.filter(worker__in=dead, state=Job.State.RUNNING)
    for job in held.select_for_update(skip_locked=True, of=("self",)):
        _take_back(job, reaped)
    Worker.objects.filter(pk__in=[row.pk for row in dead]).delete()
    return reaped


@transaction.atomic
def jobs_reap(*, stale_after: timedelta) -> Reaped:
    """Take back jobs whose holder fell silent, and repeat messages that were lost.

    Any number of reapers may run: one at a time does the work, the others return at once. Jobs
    that a transaction holds (``job_hold``) are alive and left alone.

    Args:
        stale_after: how long a holder may be silent.
    """
    reaped = Reaped()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [REAPER_LOCK])
        if not cursor.fetchone()[0]:
            return reaped
    Worker.objects.filter(heartbeat__lt=Now() - FORGET_WORKERS_AFTER).delete()
    silent = Q(heartbeat=None) | Q(heartbeat__lt=Now() - stale_after)
    open_jobs = Job.objects.select_for_update(skip_locked=True).filter(silent).order_by("pk")
    for job in open_jobs.filter(state=Job.State.RUNNING):
        _take_back(job, reaped)
    for job in open_jobs.filter(state=Job.State.QUEUED):
        _wake_if_forgotten(job, reaped)
    return reaped


def _take_back(job: Job, reaped: Reaped) -> None:
    if job.cancel_requested:
        job_cancel(job=job)
        reaped.cancelled.append(job.pk)
    elif job_lost(job=job, reason="The worker was lost.") == Job.State.QUEUED:
        reaped.requeued.append(job.pk)
    else:
        reaped.failed.append(job.pk)


def _wake_if_forgotten(job: Job, reaped: Reaped) -> None:
    """Repeat the message of a job that waits although a worker of its queue has nothing to do."""
    if idle_workers(job.queue).exists():
        Job.objects.filter(pk=job.pk).update(heartbeat=Now())
        job_wake(job=job)
        reaped.woken.append(job.pk)
