"""The other end of ``python -m scoring.worker``: a process group that can be talked to and killed."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any

import psutil
from django.conf import settings

from annotator.services.jobs.wait import worker_environment

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "scoring.worker")


class ChildDiedError(Exception):
    """The child is gone; the message says how, as a sentence."""


class Child:
    """A running child, a session of its own: signals meant for us do not reach it.

    The two talk in JSON lines over stdin and stdout; its log goes to our stderr.
    """

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=settings.BASE_DIR,
            env=worker_environment(),
        )
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(
            target=_read, args=(self._process.stdout, self._answers), daemon=True
        )
        self._reader.start()
        logger.info("child started", extra={"pid": self.pid})

    @property
    def pid(self) -> int:
        """The process id, also the id of the group."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Say whether it runs."""
        return self._process.poll() is None

    def send(self, message: dict[str, Any]) -> None:
        """Give it a job. One that died meanwhile shows in the next ``receive``."""
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(BrokenPipeError):
                stdin.write(json.dumps(message) + "\n")
                stdin.flush()

    def receive(self, timeout_s: float) -> dict[str, Any]:
        """Return its next answer, empty if there is none in time.

        Raises:
            ChildDiedError: it is gone.
        """
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return {}
        if answer is None:
            raise ChildDiedError(_death(self._process.wait()))
        return answer

    def memory(self) -> int:
        """Return the resident bytes of the child and everything it started."""
        total = 0
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.pid)
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    total += process.memory_info().rss
        return total

    def terminate(self) -> None:
        """Ask it to give its job back and end."""
        self._process.terminate()

    def close(self, grace_s: float) -> None:
        """End it by closing its stdin, and by force after ``grace_s``."""
        with suppress(OSError, subprocess.TimeoutExpired):
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(grace_s)
        self.kill()

    def kill(self) -> None:
        """Kill the whole group; all memory of host and device is free afterwards."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


def _read(stream: IO[str] | None, answers: queue.Queue[dict[str, Any] | None]) -> None:
    """Pass its lines on; None means that it is gone."""
    for line in stream or ():
        answers.put(json.loads(line))
    answers.put(None)


def _death(status: int) -> str:
    if status == -signal.SIGKILL:
        return "The worker was killed, most likely because the machine ran out of memory."
    if status < 0:
        return f"The worker died of {signal.Signals(-status).name}."
    return f"The worker ended unexpectedly (exit status {status})."
