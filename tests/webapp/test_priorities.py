"""Background work steps back for the web processes; where that is refused, nothing happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from annotator.services.background import background_enter
from webapp import postgres
from webapp.embedded.base import DatabaseWrapper

# Run as a program: a lowered priority cannot be raised again.
TELL = """
import json, os, sys
import django
django.setup()
from django.db import connection
def priorities():
    connection.ensure_connection()
    pids = {"own": 0, "server": connection.connection.info.backend_pid}
    return {name: os.getpriority(os.PRIO_PROCESS, pid) for name, pid in pids.items()}
"""
COMMAND = """
from annotator.management.commands.import_traces import Command
from annotator.management.output import Answer
Command.answer = lambda self, options: Answer(priorities())
Command().run_from_argv(["manage.py", "import_traces", "FILE", "--project", "P", "--json"])
"""
WEB = """
import webapp.wsgi
print(json.dumps(priorities()))
"""

needs_embedded = pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "webapp.embedded",
    reason="the processes of another server are not ours",
)


def told(code, nice):
    """Run ``code`` as a program of its own; return the JSON object that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", TELL + code],
        cwd=settings.BASE_DIR,
        env=os.environ | {"TRACEWOOD_WORKER_NICE": nice},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@needs_embedded
def test_a_command_and_its_side_of_the_database_step_back():
    assert told(COMMAND, "17") == {"own": 17, "server": 17}


@needs_embedded
@pytest.mark.parametrize(("code", "nice"), [(COMMAND, "0"), (WEB, "17")])
def test_web_processes_do_not_nor_does_anybody_where_it_is_switched_off(code, nice):
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert told(code, nice) == {"own": own, "server": own}


def test_a_program_that_calls_a_command_keeps_its_priority(db, settings, monkeypatch, tmp_path):
    settings.TRACEWOOD_WORKER_NICE = 19
    monkeypatch.setattr(os, "setpriority", lambda *_: pytest.fail("the priority fell"))
    with pytest.raises(SystemExit):
        call_command("import_traces", str(tmp_path / "none"), "--project", "P", "--json")


def test_a_priority_below_the_wanted_one_stays(settings, monkeypatch):
    settings.TRACEWOOD_WORKER_NICE = 5
    monkeypatch.setattr(os, "getpriority", lambda *_: 10)
    monkeypatch.setattr(os, "setpriority", lambda *_: pytest.fail("the priority changed"))
    background_enter()


@needs_embedded
@pytest.mark.parametrize("refusal", [PermissionError, ProcessLookupError])
def test_a_connection_works_where_the_system_refuses(django_db_blocker, monkeypatch, refusal):
    asked = []

    def refuse(which, pid, priority):
        asked.append((which, priority))
        raise refusal

    monkeypatch.setattr(os, "getpriority", lambda which, pid: 0 if pid else 10)
    monkeypatch.setattr(os, "setpriority", refuse)
    wrapper = DatabaseWrapper(connection.settings_dict)
    with django_db_blocker.unblock():
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
        wrapper.close()
    assert asked == [(os.PRIO_PROCESS, 10)]


def test_a_process_that_is_gone_is_nothing_to_lower():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    postgres.follow_priority(ended.pid)
