"""The process that runs torch: one job after another, with what is loaded kept warm.

``python -m scoring.worker`` takes jobs from its supervisor on stdin and lives until stdin closes.
``python -m scoring.worker --job ID`` runs one job for a command that waits for it.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import sys
import threading
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# An orphan that does not reach a safe point in this time is ended; its fence is stale anyway.
ORPHAN_GRACE_S = 15.0


def main(arguments: list[str] | None = None) -> int:
    """Serve the supervisor, or run one job; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scoring.worker", description=__doc__)
    parser.add_argument("--job", type=int, help="run this queued job and exit")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django

    django.setup()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if options.job is not None:
        return run_one(options.job, stopping=stop.is_set)
    serve(_private_stdout(), stop)
    return 0


def run_one(job_id: int, *, stopping: Callable[[], bool]) -> int:
    """Claim and run one job; returns 0 if it is done, 1 otherwise."""
    from annotator.models import Job
    from annotator.services.jobs import job_claim
    from scoring.pipelines.runner import run_claimed

    job = job_claim(job_id=job_id, worker=None)
    if job is not None:
        run_claimed(job, stopping=stopping)
    done = Job.objects.filter(pk=job_id, state=Job.State.DONE).exists()
    return 0 if done else 1


def serve(answers: IO[str], stop: threading.Event) -> None:
    """Run the jobs that arrive on stdin until it closes or ``stop`` is set."""
    from scoring.pipelines.runner import run_claimed

    def answer(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    orders: queue.Queue[dict[str, int] | None] = queue.Queue()
    threading.Thread(target=_read_orders, args=(orders, stop), daemon=True).start()
    answer({"device": device()})
    while (order := orders.get()) is not None:
        job = held_job(**order)
        if job is not None:
            run_claimed(job, stopping=stop.is_set)
        answer({"job": order["job"]})
        if stop.is_set():
            return


def held_job(job: int, fence: int) -> Any:
    """Return the row that the supervisor claimed, or None if the claim is stale by now."""
    from annotator.models import Job

    rows = Job.objects.select_related("project", "created_by")
    return rows.filter(pk=job, fence=fence, state=Job.State.RUNNING).first()


def device() -> str:
    """Return what this process computes on, in words."""
    from scoring.reward.device import device_words

    return device_words()


def _read_orders(orders: queue.Queue[dict[str, int] | None], stop: threading.Event) -> None:
    """Pass jobs on. When stdin closes the supervisor is gone: stop, if need be by force."""
    for line in sys.stdin:
        orders.put(json.loads(line))
    stop.set()
    orders.put(None)
    timer = threading.Timer(ORPHAN_GRACE_S, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def _private_stdout() -> IO[str]:
    """Keep stdout for answers; whatever a library prints goes to the log on stderr."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w")


if __name__ == "__main__":
    sys.exit(main())
