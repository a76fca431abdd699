import json
import os
import signal
import socket
import sys
import time

import psutil
import pytest
from django.core.management import CommandError

from webapp import processes, startup
from webapp.processes import Managed

FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); "
        "time.sleep(600)"
    ),
]


@pytest.fixture
def manage(tmp_path):
    """Start managed processes that end with the test."""
    made = []

    def manage(command, name="The test"):
        one = Managed(name, command, tmp_path / f"{len(made)}.log")
        one.start()
        made.append(one)
        return one

    yield manage
    for one in made:
        processes.kill_group(one.process.pid)
        one.process.wait()


def test_logs_are_private(manage):
    one = manage(FOREVER)
    assert one.log.stat().st_mode & 0o777 == 0o600


def test_a_dead_process_starts_again_after_a_pause_that_doubles(manage, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(processes.time, "monotonic", lambda: now)
    one = manage([sys.executable, "-c", "raise SystemExit(3)"])
    one.process.wait()
    assert one.tend().startswith("The test ended (exit status 3); it starts again in 1 s.")
    assert one.tend() == ""
    now += 1.0
    assert one.tend() == "The test started again."
    one.process.wait()
    assert "in 2 s" in one.tend()


def test_a_process_that_was_healthy_starts_again_soon(manage, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(processes.time, "monotonic", lambda: now)
    one = manage(FOREVER)
    one.pause_s = 32.0
    now += processes.HEALTHY_AFTER_S + 1
    one.process.kill()
    one.process.wait()
    assert one.tend().startswith("The test ended (signal SIGKILL); it starts again in 1 s.")


def test_children_of_a_killed_process_end_before_it_starts_again(manage):
    one = manage([sys.executable, "-c", f"import subprocess; subprocess.run({FOREVER!r})"])
    parent = psutil.Process(one.process.pid)
    while not (children := parent.children()):
        time.sleep(0.02)
    one.process.kill()
    one.process.wait()
    assert "SIGKILL" in one.tend()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert (len(gone), alive) == (1, [])


def test_stopping_waits_for_the_willing_and_kills_the_deaf(manage, monkeypatch):
    monkeypatch.setattr(processes, "STOP_GRACE_S", 1.0)
    willing, deaf = manage(FOREVER), manage(DEAF)
    while "deaf" not in deaf.tail():
        time.sleep(0.02)
    processes.stop_all([willing, deaf])
    assert willing.exit_status() == -signal.SIGTERM
    assert deaf.exit_status() == -signal.SIGKILL


def test_what_a_killed_run_left_behind_is_ended_by_the_next(manage, tmp_path):
    one = manage(FOREVER)
    file = tmp_path / "up.json"
    processes.remember(file, [one])
    assert file.stat().st_mode & 0o777 == 0o600
    ended = processes.end_leftovers(file)
    assert ended == 1
    assert one.process.wait(timeout=10) in {-signal.SIGTERM, -signal.SIGKILL}
    assert not file.exists()


def test_a_process_id_that_somebody_else_uses_now_is_left_alone(manage, tmp_path):
    one = manage(FOREVER)
    file = tmp_path / "up.json"
    created = psutil.Process(one.process.pid).create_time()
    file.write_text(json.dumps([{"group": one.process.pid, "created": created - 100}]))
    assert processes.end_leftovers(file) == 0
    assert one.exit_status() is None


def test_a_taken_port_names_its_owner():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CommandError) as refusal:
            startup.check_port("127.0.0.1", port)
    assert f"Port {port} on 127.0.0.1 is taken by process {os.getpid()}" in str(refusal.value)
    assert f"TRACEWOOD_PORT={port + 1} make up" in str(refusal.value)
    startup.check_port("127.0.0.1", port)


def test_a_second_start_for_the_same_home_is_refused(tmp_path):
    with (
        startup.only_one(tmp_path),
        pytest.raises(CommandError, match="already runs for"),
        startup.only_one(tmp_path),
    ):
        pass
    with startup.only_one(tmp_path):
        pass
