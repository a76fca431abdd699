"""``manage.py up`` as a person runs it: start, use, accident, Ctrl-C, start again."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress

import psutil
import pytest
from django.conf import settings

from webapp import postgres

pytestmark = pytest.mark.slow
WITHIN_S = 120


@pytest.fixture
def up(tmp_path):
    """Start ``up`` for one home as often as wanted; returns the process and a way to read it."""
    home = tmp_path / "home"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TRACEWOOD", "DATABASE"))}
    env = clean | {
        "TRACEWOOD_HOME": str(home),
        "TRACEWOOD_PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "PYTHONUNBUFFERED": "1",
    }
    started = []

    def start():
        output = tmp_path / f"up-{len(started)}.log"
        with output.open("w") as stream:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--no-sample"],
                cwd=settings.BASE_DIR,
                env=env,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)

        def wait_for(text):
            end = time.monotonic() + WITHIN_S
            while time.monotonic() < end:
                if text in output.read_text():
                    return output.read_text()
                if process.poll() is not None and text not in output.read_text():
                    break
                time.sleep(0.1)
            raise AssertionError(f"no '{text}' in:\n{output.read_text()}")

        return process, wait_for

    start.home = home
    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(WITHIN_S)
    postgres.stop(home)


def processes_of(home):
    """Return the processes that work for a home, the database's apart."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TRACEWOOD_HOME") == str(home):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def web_of(home):
    """Return the web server's main process and those that answer requests."""
    web = {one.pid: one for one in processes_of(home) if "granian" in one.cmdline()}
    (main,) = [one for one in web.values() if one.ppid() not in web]
    return main, [one for one in web.values() if one.ppid() == main.pid]


def until(condition, what):
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def test_start_use_accident_stop_and_start_again(up):
    process, wait_for = up()
    link = re.search(r"http://\S+/sign-in/\S+/", wait_for("Ctrl-C stops everything")).group()
    with urllib.request.urlopen(link) as page:
        assert page.status == 200
    modes = {
        path.name: oct(path.stat().st_mode & 0o777)
        for path in (up.home, up.home / "logs", up.home / "secret_key", up.home / "logs" / "io.log")
    }
    assert modes == {"home": "0o700", "logs": "0o700", "secret_key": "0o600", "io.log": "0o600"}

    (io_worker,) = [p for p in processes_of(up.home) if "io@tracewood" in p.cmdline()]
    main, answering = web_of(up.home)
    assert len(answering) == 2
    assert {one.nice() for one in (main, *answering)} == {psutil.Process().nice()}
    assert io_worker.nice() == max(psutil.Process().nice(), 10)

    second, wait_for_second = up()
    assert "already runs for" in wait_for_second("Stop it with Ctrl-C")
    assert second.wait(WITHIN_S) == 1

    io_worker.kill()
    wait_for("The io worker started again.")

    process.send_signal(signal.SIGINT)
    assert process.wait(WITHIN_S) == 0
    assert processes_of(up.home) == []
    assert postgres.running(up.home) is None


def test_web_processes_that_are_killed_come_back_by_themselves(up):
    _, wait_for = up()
    page = re.search(r"http://\S+/sign-in/", wait_for("Ctrl-C stops everything")).group()
    main, answering = web_of(up.home)
    for one in answering:
        one.kill()

    def answered():
        with suppress(OSError), urllib.request.urlopen(page, timeout=5) as answer:
            return answer.status == 200
        return False

    until(answered, "the page does not answer again")
    until(lambda: len(web_of(up.home)[1]) == len(answering), "a web process is missing")
    assert main.is_running()
    assert "The web server ended" not in wait_for("Ctrl-C stops everything")


def test_after_a_kill_the_next_start_ends_what_was_left(up):
    process, wait_for = up()
    wait_for("Ctrl-C stops everything")
    process.kill()
    process.wait()
    orphans = processes_of(up.home)
    assert len(orphans) >= 4
    _, wait_for = up()
    assert "processes that an earlier run left behind" in wait_for("Ctrl-C stops everything")
    assert not [one for one in orphans if one.is_running()]
