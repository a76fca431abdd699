"""The processes that ``manage.py up`` starts, restarts and stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

STOP_GRACE_S = 20.0
KILL_GRACE_S = 5.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
# A process that ran this long was healthy: its next failure starts with a short pause again.
HEALTHY_AFTER_S = 60.0


@dataclass
class Managed:
    """One process: a session of its own, so that Ctrl-C reaches only whoever manages it.

    Attributes:
        name: what people call it.
        command: program and arguments.
        log: file that gets its output, 0600.
        extra: added to the environment.
    """

    name: str
    command: list[str]
    log: Path
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    restart_at: float | None = None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        handle = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
                env=os.environ | self.extra,
                start_new_session=True,
            )
        finally:
            os.close(handle)
        self.started = time.monotonic()
        self.restart_at = None

    def exit_status(self) -> int | None:
        """Return its exit status, None while it runs."""
        return self.process.poll() if self.process else None

    def tend(self) -> str:
        """Restart it when it died, after a pause that doubles with every failure.

        Returns:
            A sentence if something happened, else "".
        """
        now = time.monotonic()
        status = self.exit_status()
        if status is None:
            return ""
        if self.restart_at is None:
            if self.process is not None:
                kill_group(self.process.pid)  # its children would keep the port, and outlive us
            if now - self.started > HEALTHY_AFTER_S:
                self.pause_s = FIRST_PAUSE_S
            self.restart_at = now + self.pause_s
            sentence = (
                f"{self.name} ended ({how_it_ended(status)}); it starts again in "
                f"{self.pause_s:.0f} s. Its log: {self.log}"
            )
            self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)
            return sentence
        if now < self.restart_at:
            return ""
        self.start()
        return f"{self.name} started again."

    def tail(self, lines: int = 12) -> str:
        """Return the end of its log."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


def how_it_ended(status: int) -> str:
    """Say what an exit status means."""
    if status < 0:
        return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"


def stop_all(managed: list[Managed]) -> None:
    """Ask all to end, wait, and kill the process groups of those that do not."""
    living = [one.process for one in managed if one.process and one.process.poll() is None]
    for process in living:
        process.terminate()
    end = time.monotonic() + STOP_GRACE_S
    for process in living:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, end - time.monotonic()))
    for one in managed:
        if one.process is not None:
            kill_group(one.process.pid)
            one.process.wait()


def kill_group(group: int) -> bool:
    """Kill what is left of a process group; returns whether there was anything."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def remember(file: Path, managed: list[Managed]) -> None:
    """Note the running processes, so that a later run can end them if this one is killed."""
    rows = [
        {"group": one.process.pid, "created": psutil.Process(one.process.pid).create_time()}
        for one in managed
        if one.process is not None and one.process.poll() is None
    ]
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(rows))
    draft.chmod(0o600)
    draft.replace(file)


def end_leftovers(file: Path) -> int:
    """End processes of an earlier run that was killed; returns how many groups there were.

    A process id that another program uses by now is left alone.
    """
    try:
        rows = json.loads(file.read_text())
    except (OSError, ValueError):
        return 0
    ended = 0
    for row in rows:
        try:
            is_ours = psutil.Process(row["group"]).create_time() == row["created"]
        except psutil.NoSuchProcess:
            # The leader is gone; its id is not given to anybody while its group has members.
            is_ours = True
        ended += is_ours and _end_group(row["group"])
    file.unlink(missing_ok=True)
    return ended


def _end_group(group: int) -> bool:
    """End a group that is not our child: politely first, so that its jobs are given back."""
    try:
        os.killpg(group, signal.SIGTERM)
    except ProcessLookupError:
        return False
    end = time.monotonic() + KILL_GRACE_S
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return kill_group(group)


def owner_of_port(host: str, port: int) -> str | None:
    """Say who listens on a port, as well as the system tells us; None if nobody does."""
    try:
        listening = [
            row
            for row in psutil.net_connections(kind="tcp")
            if row.status == psutil.CONN_LISTEN
            and row.laddr.port == port
            and row.laddr.ip in {host, "0.0.0.0", "::", "127.0.0.1", "::1"}  # noqa: S104
        ]
    except psutil.AccessDenied:
        return None
    for row in listening:
        if row.pid is None:
            return "another user's process"
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            return f"process {row.pid} ({' '.join(psutil.Process(row.pid).cmdline())[:80]})"
    return None
