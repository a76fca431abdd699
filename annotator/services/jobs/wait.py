"""Waiting for a job in a command, with or without workers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from annotator.errors import FencedOutError, UnavailableError
from annotator.models import Job
from annotator.queries.jobs import live_workers
from annotator.services.jobs import job_lost

if TYPE_CHECKING:
    from collections.abc import Callable

    OnProgress = Callable[[Job], None]

POLL_S = 0.5
STOP_GRACE_S = 20.0
OPEN = frozenset({Job.State.QUEUED, Job.State.RUNNING})
STDERR = 2


def job_wait(*, job: Job, on_progress: OnProgress | None = None) -> Job:
    """Wait until ``job`` has ended; run it in a child of this process if nobody else will.

    Args:
        job: any job.
        on_progress: given the current row twice a second.

    Returns:
        The ended row: done, failed or cancelled.

    Raises:
        UnavailableError: the child cannot even start.
    """
    while True:
        job.refresh_from_db()
        if job.state not in OPEN:
            return job
        if on_progress is not None:
            on_progress(job)
        if job.state == Job.State.QUEUED and not live_workers(job.queue).exists():
            _run_in_child(job, on_progress)
        else:
            time.sleep(POLL_S)


def worker_environment() -> dict[str, str]:
    """Return our environment for a worker of the very database that we are connected to.

    Threads of a tensor operation that wait for one another spin only briefly, unless the environment
    says otherwise: the default costs a busy machine most of its time, sleeping at once costs an idle
    one two thirds more per training step (docs/benchmarks.md).
    """
    own = {"DATABASE_NAME": str(connection.settings_dict["NAME"])}
    return {"GOMP_SPINCOUNT": "10000"} | os.environ | own


def _run_in_child(job: Job, on_progress: OnProgress | None) -> None:
    """Run ``python -m scoring.worker --job``; its stdout is our stderr, ours is for answers."""
    attempt = job.attempt
    child = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "scoring.worker", "--job", str(job.pk)],
        cwd=settings.BASE_DIR,
        env=worker_environment(),
        stdin=subprocess.DEVNULL,
        stdout=STDERR,
        start_new_session=True,
    )
    try:
        while child.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                child.wait(POLL_S)
            job.refresh_from_db()
            if on_progress is not None and job.state in OPEN:
                on_progress(job)
    finally:
        # Ctrl-C reaches us only: the child gives the job back, so nothing is lost.
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(STOP_GRACE_S)
        child.kill()
        child.wait()
    _take_back(job, attempt, child.returncode)


def _take_back(job: Job, attempt: int, status: int) -> None:
    """Queue the job again, or fail it, if the child died without a word."""
    job.refresh_from_db()
    if job.state == Job.State.RUNNING and job.worker_id is None:
        with suppress(FencedOutError):
            job_lost(job=job, reason=f"The worker ended unexpectedly (exit status {status}).")
    elif job.state == Job.State.QUEUED and job.attempt == attempt:
        raise UnavailableError(
            f"The worker process could not start (exit status {status}); its message is above."
        )
