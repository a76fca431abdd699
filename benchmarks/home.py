"""A Tracewood of its own for a benchmark: a throw-away home, its processes, and what they answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Environment = dict[str, str]


@contextmanager
def fresh_home(*, static: bool = False, **settings: str) -> Iterator[tuple[Path, Environment]]:
    """Yield a folder and the environment of a Tracewood whose home is ``home`` in it.

    Args:
        static: also collect the static files, which the production server needs.
        settings: more variables of the environment.

    The database is empty and migrated; it is stopped, and the folder removed, at the end.
    """
    with tempfile.TemporaryDirectory(prefix="tracewood-bench-") as name:
        folder = Path(name)
        home = folder / "home"
        home.mkdir(mode=0o700)
        own = {"TRACEWOOD_HOME": str(home), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        env = os.environ | own | settings
        try:
            manage(env, "migrate", "-v", "0")
            if static:
                manage(env, "collectstatic", "--noinput", "-v", "0")
            yield folder, env
        finally:
            from webapp import postgres

            postgres.stop(home)


def manage(env: Environment, *arguments: str) -> None:
    """Run a management command."""
    subprocess.run([sys.executable, "manage.py", *arguments], env=env, check=True)


def run_child(env: Environment, module: str, *arguments: str) -> dict[str, Any]:
    """Run ``python -m benchmarks.MODULE --child …``; return the object on its last line."""
    command = [sys.executable, "-m", f"benchmarks.{module}", "--child", *arguments]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Say whether somebody takes connections."""
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


def serve(env: Environment, port: int) -> subprocess.Popen[bytes]:
    """Start the production server with two workers; return when it takes connections."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "2", "--blocking-threads", "2"]
    command += ["--log-level", "warning", "webapp.wsgi:application"]
    server = subprocess.Popen(command, env=env)
    for _ in range(200):
        if listens(port):
            return server
        time.sleep(0.1)
    raise SystemExit("the server did not start")
