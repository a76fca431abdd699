"""The steps of ``manage.py up`` before any process starts. Each can be repeated."""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from annotator.models import Project
from annotator.services.jobs.requests import SAMPLE_NAME, sample_request
from webapp import postgres
from webapp.processes import owner_of_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold this home: a second ``up`` for it is refused."""
    with (home / "up.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"Tracewood already runs for {home}: {settings.BASE_URL}. Stop it with Ctrl-C "
                "where it was started, or set TRACEWOOD_HOME to run a second one."
            ) from None
        yield


def check_port(host: str, port: int) -> None:
    """Refuse to start where the port is taken.

    Raises:
        CommandError: naming the process that has it, where the system tells.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            owner = owner_of_port(host, port)
            reason = f"is taken by {owner}" if owner else f"cannot be used ({error.strerror})"
            raise CommandError(
                f"Port {port} on {host} {reason}. Stop that program, or choose another port: "
                f"TRACEWOOD_PORT={port + 1} make up"
            ) from None


def start_database(say: Callable[[str], None]) -> bool:
    """Start the embedded server if it is in use; returns whether this call started it."""
    if settings.DATABASES["default"]["ENGINE"] != "webapp.embedded":
        connection.ensure_connection()
        return False
    return postgres.ensure(settings.TRACEWOOD_HOME, say)


def migrate() -> int:
    """Bring the tables up to date; returns how many migrations that took."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    return len(plan)


def collect_static() -> bool:
    """Collect static files if any source changed; returns whether it was needed."""
    stamp = Path(settings.STATIC_ROOT) / ".sources"
    sources = _sources_digest()
    if stamp.exists() and stamp.read_text() == sources:
        return False
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--clear", "-v", "0"]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | {"STATIC_MANIFEST": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CommandError(f"The static files cannot be collected: {done.stderr.strip()}")
    stamp.write_text(sources)
    return True


def _sources_digest() -> str:
    digest = hashlib.sha256(os.fsencode(settings.BASE_DIR))
    for finder in get_finders():
        for path, storage in finder.list([]):
            info = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{info.st_size}\0{info.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def request_sample(user: User) -> bool:
    """Queue the filling of the sample project if there is none; returns whether it was needed.

    Its job also queues the first training.
    """
    if Project.objects.filter(name__iexact=SAMPLE_NAME).exists():
        return False
    sample_request(user=user)
    return True
