"""Starting real workers with stub runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager

from django.conf import settings

from annotator.models import Job, Worker
from annotator.queries.jobs import live_workers
from annotator.services.jobs.wait import worker_environment
from webapp.management.commands.up import worker_command

WITHIN_S = 60


def until(condition, what):
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"did not happen within {WITHIN_S} s: {what}")


def ended(job, state):
    """Return a condition: the row of ``job`` once it is in ``state``."""
    return lambda: Job.objects.filter(pk=job.pk, state=state).first()


@contextmanager
def running_worker(folder, kind=Worker.Kind.IO, *, app="tests.webapp.stub_celery:app", **extra):
    """Run a worker and wait until its row is there; it ends with the block.

    By default its runs are stubs (``tests.scoring.stub_runs``).
    """
    command = [app if part == "webapp.celery:app" else part for part in worker_command(kind)]
    log = folder / f"worker-{time.monotonic_ns()}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=worker_environment() | {"REAP_EVERY_S": "1", "JOB_STALE_S": "3"} | extra,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(
            lambda: process.poll() is not None or live_workers(kind).filter(pid=process.pid),
            "the worker's row",
        )
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
