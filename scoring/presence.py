"""A worker process's row, kept alive by a thread; an io worker's thread also reaps."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from datetime import timedelta

import psutil
from django.conf import settings
from django.db import DatabaseError, connection

from annotator.models import Worker
from annotator.services.jobs.workers import (
    jobs_reap,
    worker_heartbeat,
    worker_register,
    worker_remove,
    workers_sweep,
)
from annotator.services.queues.leases import leases_sweep

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5.0


class Presence:
    """One worker of one queue, as others see it.

    Attributes:
        worker: its row; change ``worker.device`` and the next heartbeat stores it.
    """

    def __init__(self, kind: Worker.Kind) -> None:
        host = socket.gethostname()
        reaped = workers_sweep(host=host, is_alive=psutil.pid_exists)
        if reaped:
            logger.info("jobs of dead workers taken back", extra={"jobs": reaped.requeued})
        self.worker = worker_register(kind=kind, host=host, pid=os.getpid())
        self._reaps = kind == Worker.Kind.IO
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._live, name="presence", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Sign off and end the thread."""
        self._end.set()
        self._thread.join()
        worker_remove(worker=self.worker)

    def _live(self) -> None:
        reaped = time.monotonic()
        try:
            while not self._end.wait(min(HEARTBEAT_S, settings.REAP_EVERY_S)):
                reap_due = self._reaps and time.monotonic() - reaped >= settings.REAP_EVERY_S
                try:
                    worker_heartbeat(worker=self.worker)
                    if reap_due:
                        reaped = time.monotonic()
                        reap()
                except DatabaseError as error:
                    logger.warning("heartbeat failed", extra={"reason": str(error).strip()})
                    connection.close()
        finally:
            connection.close()


def reap() -> None:
    """Take back the jobs of silent workers and say so in the log; end leases that ran out."""
    leases_sweep()
    reaped = jobs_reap(stale_after=timedelta(seconds=settings.JOB_STALE_S))
    if reaped:
        logger.warning(
            "jobs reaped",
            extra={
                "requeued": reaped.requeued,
                "failed": reaped.failed,
                "cancelled": reaped.cancelled,
                "woken": reaped.woken,
            },
        )


_present: dict[Worker.Kind, Presence] = {}


def arrive(kind: Worker.Kind) -> None:
    """Announce this process as a worker of ``kind``."""
    _present[kind] = Presence(kind)


def leave_all() -> None:
    """Sign this process off."""
    while _present:
        _present.popitem()[1].leave()


def current(kind: Worker.Kind) -> Worker | None:
    """Return this process's row, or None where it never arrived (a command, a test)."""
    presence = _present.get(kind)
    return presence.worker if presence else None
