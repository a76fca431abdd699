"""What is shot at: two web processes, an io worker and their database."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from benchmarks.home import free_port, listens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Site:
    """Two web processes and an io worker that are started again when they are killed."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env, self.folder = env, folder
        self.ports = [free_port(), free_port()]
        self.processes = {name: self._start(name) for name in ("web 0", "web 1", "worker")}
        for port in self.ports:
            wait_for(lambda port=port: listens(port), 60, "a web process")

    def kill(self, name: str) -> None:
        """Kill a process with all its children, as a machine would, and start it again."""
        with suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()
        self.processes[name] = self._start(name)

    def close(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        kind, _, number = name.partition(" ")
        if kind == "web":
            command = [sys.executable, "-m", "granian", "--interface", "wsgi"]
            command += ["--host", "127.0.0.1", "--port", str(self.ports[int(number)])]
            command += ["--workers", "1", "--blocking-threads", "4", "--log-level", "warning"]
            command += ["webapp.wsgi:application"]
        else:
            command = [sys.executable, "-m", "celery", "-A", "webapp.celery:app", "worker"]
            command += ["-Q", "io", "--concurrency", "1", "--pool", "solo", "--loglevel", "WARNING"]
            command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
            command += ["--hostname", "io@stress"]
        with (self.folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                command, env=self.env, stdout=log, stderr=log, start_new_session=True
            )


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"did not happen within {seconds:g} s: {what}")
        time.sleep(0.1)


def fire(site: Site, dsn: dict[str, Any], every: float, stop: Any, hits: dict[str, int]) -> None:
    """Kill something every now and then until ``stop``."""
    import psycopg

    rng = random.Random(0)
    while not stop.wait(rng.uniform(0.5, 1.5) * every):
        target = rng.choice(("web 0", "web 1", "worker", "connection", "connection"))
        if target.startswith("web") and not all(map(listens, site.ports)):
            target = "connection"  # starting takes seconds; somebody must be there to be killed
        if target == "connection":
            with psycopg.connect(**dsn, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                    " current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
                )
        else:
            site.kill(target)
        kind = target.split()[0]
        hits[kind] = hits.get(kind, 0) + 1
