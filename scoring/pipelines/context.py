"""What a running job may use: its arguments, its progress, its curves, and the wish to stop."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection

from annotator.errors import FencedOutError
from annotator.services import jobs
from scoring.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.contrib.auth.models import User

    from annotator.models import Job, Project

logger = logging.getLogger(__name__)

POLL_S = 0.5
HEARTBEAT_S = 5.0
METRICS_S = 1.0


class JobContext:
    """The hands of one job run.

    Attributes:
        job: the claimed row; its fence guards every write.
        project: where it belongs.
        args: what ``job_create`` was given.
        user: who asked, if a person did.
    """

    def __init__(self, job: Job, *, stopping: Callable[[], bool] = lambda: False) -> None:
        self.job = job
        self.project: Project = job.project
        self.args: dict[str, Any] = job.args
        self.user: User | None = job.created_by
        self._stopping = stopping
        self._cancelled = False
        self._advanced = False
        self._fenced_out: FencedOutError | None = None
        self._progress: tuple[int, int | None, str] | None = None
        self._metrics: list[tuple[int, str, float]] = []
        self._metrics_flushed = time.monotonic()
        self._beaten = time.monotonic()

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the job is. Cheap: the row follows within half a second."""
        self._progress = (done, total, message)

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each of the named curves."""
        self._metrics += [(step, name, value) for name, value in values.items()]
        if time.monotonic() - self._metrics_flushed > METRICS_S:
            self.flush()

    def flush(self) -> None:
        """Store the points so far; call it before a checkpoint, which a resumed run starts from.

        Raises:
            FencedOutError: another worker has the job.
        """
        rows, self._metrics = self._metrics, []
        self._metrics_flushed = time.monotonic()
        if rows:
            jobs.job_metrics(job=self.job, rows=rows)

    def saved(self) -> None:
        """Say that something was saved from which the next attempt goes on; cheap, say it often.

        Attempts that end without it are counted (``job_advanced``).

        Raises:
            FencedOutError: another worker has the job.
        """
        if not self._advanced:
            jobs.job_advanced(job=self.job)
            self._advanced = True

    def keep(self, result: dict[str, Any]) -> None:
        """Store the result with the rows it speaks of, last in their transaction (``job_keep``).

        Raises:
            FencedOutError: another worker has the job.
        """
        jobs.job_keep(job=self.job, result=result)

    @property
    def cancelled(self) -> bool:
        """A person asked to cancel (as opposed to: the worker is shutting down)."""
        return self._cancelled

    def should_stop(self) -> bool:
        """Say whether to stop at the next safe point; costs nothing, ask at every step.

        Raises:
            FencedOutError: another worker has the job.
        """
        if self._fenced_out is not None:
            raise self._fenced_out
        return self._cancelled or self._stopping()

    def check(self) -> None:
        """Raise ``CancelledError`` if the job should stop, for work without a better place."""
        if self.should_stop():
            raise CancelledError("The job was asked to stop.")

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Keep the row alive from a thread with its own connection.

        So progress shows while the job's own transaction is open, and a long computation or a
        long statement does not look like death.
        """
        end = threading.Event()
        thread = threading.Thread(target=self._beat, args=(end,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def publish(self) -> None:
        """Write progress or a heartbeat where one is due, and look for the wish to cancel."""
        due = time.monotonic() - self._beaten > HEARTBEAT_S
        news, self._progress = self._progress, None
        if news is not None:
            done, total, message = news
            jobs.job_progress(job=self.job, done=done, total=total, message=message)
        elif due:
            jobs.job_heartbeat(job=self.job)
        if news is not None or due:
            self._beaten = time.monotonic()
        self._cancelled = self._cancelled or jobs.job_cancel_wanted(job=self.job)

    def _beat(self, end: threading.Event) -> None:
        try:
            while not end.wait(POLL_S):
                try:
                    self.publish()
                except FencedOutError as error:
                    self._fenced_out = error
                    return
                except DatabaseError as error:
                    logger.warning("heartbeat failed", extra={"reason": str(error)})
                    connection.close()
        finally:
            connection.close()
