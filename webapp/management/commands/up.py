"""``manage.py up``: everything that one machine needs, in one command (``make up``)."""

from __future__ import annotations

import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from annotator.models import Worker
from annotator.queries.jobs import live_workers
from annotator.services.people.users import sign_in_link_create, user_create_first
from webapp import postgres, startup
from webapp.processes import Managed, end_leftovers, how_it_ended, remember, stop_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.contrib.auth.models import User

WEB_WORKERS = 2
WEB_THREADS = 2
READY_WITHIN_S = 60.0
TEND_EVERY_S = 0.5

T = TypeVar("T")


class Command(BaseCommand):
    """Starts database, web server and workers; Ctrl-C stops what it started."""

    help = "Prepare and run Tracewood: database, sample project, web server and workers."

    def add_arguments(self, parser: Any) -> None:
        """Take the switches for people who want less."""
        parser.add_argument("--no-sample", action="store_true", help="leave out the sample project")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, run until asked to stop, and clean up."""
        self.begun = time.monotonic()
        self.end = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.end.set())
        home = settings.TRACEWOOD_HOME
        with startup.only_one(home):
            if ended := end_leftovers(home / "up.json"):
                self.say(f"Ended {ended} processes that an earlier run left behind.")
            startup.check_port(settings.TRACEWOOD_HOST, settings.TRACEWOOD_PORT)
            started_database = self.step("Database", lambda: startup.start_database(self.say))
            try:
                self.run_everything(sample=not options["no_sample"])
            finally:
                connection.close()
                if started_database:
                    postgres.stop(home)
                self.say("Stopped.")

    def run_everything(self, *, sample: bool) -> None:
        """Prepare the data, start the processes and watch them until the end."""
        self.step("Tables", startup.migrate)
        self.step("Static files", startup.collect_static)
        user = user_create_first()
        managed = processes(settings.TRACEWOOD_HOME)
        try:
            for one in managed:
                one.start()
            remember(settings.TRACEWOOD_HOME / "up.json", managed)
            self.step("Web server and workers", lambda: self.wait_ready(managed))
            if sample and not self.end.is_set() and startup.request_sample(user):
                self.say("The sample project is being filled; its training follows.")
            self.welcome(user)
            self.watch(managed)
        finally:
            self.say("Stopping …")
            stop_all(managed)
            (settings.TRACEWOOD_HOME / "up.json").unlink(missing_ok=True)

    def wait_ready(self, managed: list[Managed]) -> None:
        """Wait until the page answers and every queue has a worker.

        Raises:
            CommandError: a process died or is not ready in time; with the end of its log.
        """
        deadline = time.monotonic() + READY_WITHIN_S
        missing = list(managed)
        while missing and not self.end.wait(0.1):
            for one in managed:
                if (status := one.exit_status()) is not None:
                    raise CommandError(
                        f"{one.name} did not start ({how_it_ended(status)}). The end of "
                        f"{one.log}:\n{one.tail()}"
                    )
            missing = [one for one in missing if not is_ready(one)]
            if missing and time.monotonic() > deadline:
                names = " and ".join(one.name for one in missing)
                raise CommandError(
                    f"{names} did not answer within {READY_WITHIN_S:.0f} s. The end of "
                    f"{missing[0].log}:\n{missing[0].tail()}"
                )

    def watch(self, managed: list[Managed]) -> None:
        """Restart what dies until somebody asks to stop."""
        while not self.end.wait(TEND_EVERY_S):
            for one in managed:
                if sentence := one.tend():
                    self.say(sentence)
                    remember(settings.TRACEWOOD_HOME / "up.json", managed)

    def welcome(self, user: User) -> None:
        """Print where to go."""
        if self.end.is_set():
            return
        link = f"{settings.BASE_URL}/sign-in/{sign_in_link_create(user=user)}/"
        self.say(f"Ready. Sign in as {user.username} with this link (works once, for a day):")
        self.stdout.write(
            f"\n    {link}\n\nCtrl-C stops everything. Logs: {settings.TRACEWOOD_HOME / 'logs'}"
        )
        self.stdout.flush()

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Do one step and say how long it took."""
        begun = time.monotonic()
        result = work()
        self.say(f"{name} ready ({time.monotonic() - begun:.1f} s).")
        return result

    def say(self, sentence: str) -> None:
        """Print a line with the seconds since the start."""
        self.stdout.write(f"[{time.monotonic() - self.begun:6.1f} s] {sentence}")
        self.stdout.flush()


def processes(home: Path) -> list[Managed]:
    """Return the processes of one machine, not started."""
    logs = home / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    web = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
        *("--host", settings.TRACEWOOD_HOST, "--port", str(settings.TRACEWOOD_PORT)),
        *("--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS)),
        *("--respawn-failed-workers", "--respawn-interval", "1"),
        *("--workers-kill-timeout", "10", "--no-access-log", "--log-level", "warning"),
        "webapp.wsgi:application",
    ]
    release = {"STATIC_MANIFEST": "1", "DATABASE_POOL": str(WEB_THREADS + 1)}
    return [
        Managed("The web server", web, logs / "web.log", release),
        *(
            Managed(f"The {kind.value} worker", worker_command(kind), logs / f"{kind.value}.log")
            for kind in Worker.Kind
        ),
    ]


def worker_command(kind: Worker.Kind) -> list[str]:
    """Return the command of a Celery worker; the fixed name keeps pgmq's tables few."""
    return [
        *(sys.executable, "-m", "celery", "-A", "webapp.celery:app", "worker"),
        *("--queues", kind.value, "--hostname", f"{kind.value}@tracewood", "--pool", "solo"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
    ]


def is_ready(one: Managed) -> bool:
    """Say whether a process does its work: the page answers, the worker's row is there."""
    for kind in Worker.Kind:
        if f" {kind.value} " in one.name:
            pid = one.process.pid if one.process else 0
            return live_workers(kind).filter(pid=pid).exists()
    try:
        with urllib.request.urlopen(f"{local_url()}/sign-in/", timeout=5) as answer:  # noqa: S310
            return bool(answer.status)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def local_url() -> str:
    """Return the address of the web server on this machine."""
    return f"http://{settings.TRACEWOOD_HOST}:{settings.TRACEWOOD_PORT}"
