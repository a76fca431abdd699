"""A small run of the stress test: clients die, processes are killed, the log of events keeps count."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

COMMAND = [sys.executable, "-m", "benchmarks.stress_queue", "--clients", "6", "--items", "20"]
OPTIONS = ["--lease", "2", "--kill-every", "1.5", "--seconds", "200"]


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nobody_starves(tmp_path):
    own = ("DATABASE_URL", "DATABASE_NAME", "TRACEWOOD_HOME", "TRACEWOOD_TEST_HOME")
    env = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run(
        [*COMMAND, *OPTIONS],
        cwd=settings.BASE_DIR,
        env=env | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    assert done.stdout, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["broken"] == dict.fromkeys(said["broken"], 0)
    assert said["acknowledged"] >= 20 * 3 * 2  # a label and a submit for every answer at least
    assert sum(said["killed"].values()) > 0
