"""The embedded server: private, hard to kill, and able to start beside another one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from webapp import postgres

pytestmark = pytest.mark.slow
IS_ROOT = os.geteuid() == 0
RUNUSER = shutil.which("runuser")


@pytest.fixture
def make_home(tmp_path):
    """Make empty homes; their servers are stopped at the end."""
    homes = []

    def make(name="home"):
        home = tmp_path / name
        home.mkdir(mode=0o700, parents=True)
        homes.append(home)
        return home

    yield make
    for home in homes:
        postgres.stop(home)
        sockets = postgres.socket_folder(home)
        if not sockets.is_relative_to(home):
            shutil.rmtree(sockets, ignore_errors=True)


def connect(home):
    return psycopg.connect(
        host=str(postgres.socket_folder(home)), user=postgres.USER, dbname=postgres.DATABASE
    )


def mode(path):
    return oct(path.lstat().st_mode & 0o7777)


def test_nothing_starts_before_it_is_asked_for(make_home):
    home = make_home()
    assert postgres.running(home) is None
    assert not postgres.stop(home)


def test_a_server_starts_once_and_is_found_again(make_home):
    home = make_home()
    assert postgres.ensure(home) is True
    assert postgres.ensure(home) is False
    with connect(home) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert postgres.stop(home) is True
    assert postgres.running(home) is None


def test_parents_keep_their_modes_and_everything_below_is_private(make_home, tmp_path):
    (tmp_path / "deep").mkdir(mode=0o711)
    home = make_home("deep/home")
    parents = [*home.parents]
    before = [mode(path) for path in parents]
    postgres.ensure(home)
    assert [mode(path) for path in parents] == before
    sockets = postgres.socket_folder(home)
    assert mode(home) == mode(postgres.data_folder(home)) == mode(sockets) == "0o700"
    assert mode(sockets / ".s.PGSQL.5432") == "0o700"
    assert mode(home / "postgres.log") == "0o600"


@pytest.mark.skipif(not IS_ROOT or not RUNUSER, reason="needs root and runuser")
@pytest.mark.parametrize("name", ["home", "h" * 90], ids=["short path", "long path"])
@pytest.mark.parametrize("account", ["nobody", "daemon"])
def test_another_user_of_the_machine_is_refused(make_home, name, account):
    home = make_home(name)
    postgres.ensure(home)
    code = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX)\n"
        "try: s.connect(sys.argv[1])\n"
        "except PermissionError: sys.exit(42)"
    )
    target = str(postgres.socket_folder(home) / ".s.PGSQL.5432")
    done = subprocess.run(
        [RUNUSER, "-u", account, "--", "/usr/bin/env", "python3", "-c", code, target],
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 42


def test_a_long_home_gets_a_short_private_socket_folder(make_home):
    home = make_home("h" * 120)
    sockets = postgres.socket_folder(home)
    assert len(str(sockets)) < 100
    postgres.ensure(home)
    assert mode(sockets) == "0o700"
    assert sockets.stat().st_uid == os.geteuid()


def test_a_long_temporary_folder_is_no_place_for_a_socket_either(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", lambda: f"/tmp/{'t' * 90}")
    sockets = postgres.socket_folder(tmp_path / ("long" * 30))
    assert sockets.parent == Path("/tmp")
    assert len(f"{sockets}/.s.PGSQL.5432") <= 107


def test_a_socket_folder_of_somebody_else_is_refused(make_home, monkeypatch, tmp_path):
    home = make_home()
    trap = tmp_path / "trap"
    trap.symlink_to(tmp_path)
    monkeypatch.setattr(postgres, "socket_folder", lambda home: trap)
    with pytest.raises(postgres.OperationalError, match="belongs to somebody else"):
        postgres.ensure(home)


def test_it_survives_ctrl_c_and_the_death_of_whoever_started_it(make_home):
    home = make_home()
    code = (
        "import os, sys, time; from pathlib import Path; from webapp import postgres\n"
        "postgres.ensure(Path(sys.argv[1])); print('up', flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with starter:
        assert starter.stdout.readline() == b"up\n"
        before = postgres.running(home)
        os.killpg(starter.pid, signal.SIGINT)
        os.killpg(starter.pid, signal.SIGKILL)
        starter.wait()
    time.sleep(0.5)
    assert postgres.running(home) == before
    assert postgres.ensure(home) is False


def test_after_a_crash_it_recovers_what_was_committed(make_home):
    home = make_home()
    postgres.ensure(home)
    with connect(home) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    os.kill(postgres.running(home).pid, signal.SIGKILL)
    while postgres.running(home):
        time.sleep(0.01)
    assert postgres.ensure(home) is True
    with connect(home) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_a_long_recovery_is_waited_for_with_a_word(make_home, monkeypatch):
    home = make_home()
    real, begun, said = postgres.running, time.monotonic(), []
    postgres.ensure(home)
    monkeypatch.setattr(postgres, "SAY_EVERY_S", 0.1)

    def recovering(home):
        found = real(home)
        return found._replace(ready=time.monotonic() - begun > 3) if found else None

    monkeypatch.setattr(postgres, "running", recovering)
    begun = time.monotonic() - 2.5
    assert postgres.ensure(home, said.append) is False
    assert said
    assert "recovering after a crash" in said[0]


def test_a_server_that_cannot_start_shows_the_end_of_its_log(make_home, monkeypatch):
    home = make_home()
    monkeypatch.setattr(postgres, "CONFIG", postgres.CONFIG + "no_such_setting = 1\n")
    monkeypatch.setattr(postgres, "GIVE_UP_AFTER_S", 1.5)
    with pytest.raises(postgres.OperationalError, match="no_such_setting"):
        postgres.ensure(home)


def test_data_of_another_version_are_left_alone(make_home):
    home = make_home()
    data = postgres.data_folder(home)
    data.mkdir()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(postgres.OperationalError, match="of PostgreSQL 17"):
        postgres.ensure(home)


def test_a_stop_that_hangs_is_followed_by_a_harder_one(make_home, monkeypatch):
    home = make_home()
    postgres.ensure(home)
    used, real = [], postgres._run

    def run(program, *arguments, **options):
        used.append(arguments[-1])
        if used[-1] == "fast":
            raise postgres.OperationalError("server does not shut down")
        real(program, *arguments, **options)

    monkeypatch.setattr(postgres, "_run", run)
    assert postgres.stop(home)
    assert used == ["fast", "immediate"]
    assert postgres.running(home) is None


def test_two_homes_run_side_by_side(make_home):
    first, second = make_home("one"), make_home("two")
    postgres.ensure(first)
    postgres.ensure(second)
    assert postgres.running(first).pid != postgres.running(second).pid
    with connect(first) as connection:
        connection.execute("CREATE TABLE only_here ()")
    with connect(second) as connection:
        assert connection.execute("SELECT to_regclass('only_here')").fetchone() == (None,)


def test_two_processes_that_start_at_once_start_one_server(make_home):
    home = make_home()
    code = (
        "import sys; from pathlib import Path; from webapp import postgres\n"
        "print(postgres.ensure(Path(sys.argv[1])))"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    answers = [starter.communicate()[0].strip() for starter in starters]
    assert sorted(answers) == [b"False", b"False", b"True"]
