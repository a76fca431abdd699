"""Runs gpu jobs in one long-lived child and kills it when it must.

This process never imports torch. The child keeps a loaded model between jobs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now

from annotator.errors import FencedOutError
from annotator.models import Job
from annotator.services import jobs
from scoring.child import COMMAND, Child, ChildDiedError
from scoring.pipelines.connection import loss_of, patiently

if TYPE_CHECKING:
    from datetime import timedelta

logger = logging.getLogger(__name__)

POLL_S = 0.5
GRACE_S = 15.0
MEMORY_SHARE = 0.8
# A child that still holds this share of its limit after a job starts afresh for the next one.
RECYCLE_SHARE = 0.5

Write = Callable[[], object]


class Supervisor:
    """One child at a time, and the job it runs.

    Attributes:
        max_bytes: resident memory of the child that is not tolerated.
        stale_s: how long the child's heartbeat may be missing from the job row.
        grace_s: how long the child may take to stop by itself.
        on_device: told what the child computes on, once it has said so.
    """

    def __init__(
        self,
        *,
        max_bytes: int | None = None,
        stale_s: float | None = None,
        grace_s: float = GRACE_S,
        command: tuple[str, ...] = COMMAND,
        on_device: Callable[[str], object] = lambda device: None,
    ) -> None:
        self.max_bytes = max_bytes or memory_limit()
        self.stale_s = stale_s or settings.JOB_STALE_S
        self.grace_s = grace_s
        self.on_device = on_device
        self._command = command
        self._child: Child | None = None

    def run(self, job: Job, *, stopping: Callable[[], bool] = lambda: False) -> None:
        """Have the child run ``job`` and watch it until the row says how it ended.

        Args:
            job: as ``job_claim`` returned it.
            stopping: says that this process is shutting down; the job goes back to the queue.
        """
        child = self._living_child()
        child.send({"job": job.pk, "fence": job.fence})
        try:
            end = self._watch(child, job, stopping)
            if end is not None:
                try:
                    patiently(end)
                finally:
                    self.kill()
        except ChildDiedError as death:
            self.kill()
            _take_back(job, reason=str(death))
        except FencedOutError as error:
            logger.warning("job taken over", extra={"job": job.pk, "reason": str(error)})
            self.kill()
        else:
            self._recycle()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.close(self.grace_s)
            self._child = None

    def kill(self) -> None:
        """Kill the child; the next job gets a new one."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _living_child(self) -> Child:
        if self._child is None or not self._child.is_alive():
            self.kill()
            self._child = Child(self._command)
        return self._child

    def _watch(self, child: Child, job: Job, stopping: Callable[[], bool]) -> Write | None:
        """Wait for the child's answer.

        Returns:
            None when it came; else how to end the job, whose child must be killed.
        """
        asked_at = None
        while True:
            answer = child.receive(POLL_S)
            if "device" in answer:
                self.on_device(answer["device"])
            if answer.get("job") == job.pk:
                return None
            try:
                end, wish = self._fault(child, job), _wish(job, stopping=stopping())
            except (OperationalError, InterfaceError) as error:
                # The child meets the same and says so, or falls silent.
                if not (reason := loss_of(error)):
                    raise
                logger.warning("database lost", extra={"job": job.pk, "reason": reason})
                connection.close()
                continue
            if end is not None:
                return end
            if wish is not None and asked_at is None:
                asked_at = time.monotonic()
                if stopping():
                    child.terminate()
            if wish is not None and time.monotonic() - (asked_at or 0) > self.grace_s:
                return wish

    def _fault(self, child: Child, job: Job) -> Write | None:
        silence = _silence(job)
        if silence is not None and silence.total_seconds() > self.stale_s:
            return lambda: jobs.job_lost(
                job=job, reason="The worker stopped answering and was ended."
            )
        if child.memory() > self.max_bytes:
            sentence = (
                f"The job needed more than {self.max_bytes // 2**20} MB of memory and was ended. "
                "Use a smaller batch or model, or raise GPU_WORKER_MAX_MB, then resume."
            )
            return lambda: jobs.job_fail(job=job, code="out_of_memory", error=sentence)
        return None

    def _recycle(self) -> None:
        if self._child is not None and self._child.memory() > self.max_bytes * RECYCLE_SHARE:
            logger.info("child ended between jobs to free memory", extra={"pid": self._child.pid})
            self.close()


def memory_limit() -> int:
    """Return the bytes a child may use: ``GPU_WORKER_MAX_MB``, or most of the machine."""
    if settings.GPU_WORKER_MAX_MB:
        return int(settings.GPU_WORKER_MAX_MB) * 2**20
    return int(psutil.virtual_memory().total * MEMORY_SHARE)


def _wish(job: Job, *, stopping: bool) -> Write | None:
    """Return how to end ``job`` if its child should stop by itself and does not.

    The child sees the same signs: it is given time, and only then killed.
    """
    if stopping:
        return lambda: jobs.job_release(job=job)
    try:
        wanted = jobs.job_cancel_wanted(job=job)
    except FencedOutError:
        # Ended by the child, whose answer is under way, or taken over: nothing left to write.
        return lambda: None
    return (lambda: jobs.job_cancel(job=job)) if wanted else None


def _silence(job: Job) -> timedelta | None:
    """Return the age of the child's heartbeat by the database's clock."""
    held = Job.objects.filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING)
    return held.annotate(age=Now() - F("heartbeat")).values_list("age", flat=True).first()


def _take_back(job: Job, *, reason: str) -> None:
    try:
        patiently(lambda: jobs.job_lost(job=job, reason=reason))
    except FencedOutError as error:
        logger.info("nothing to take back", extra={"job": job.pk, "reason": str(error)})
