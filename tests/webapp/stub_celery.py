"""The real Celery app with stub runs, on a machine with a very long name."""

from __future__ import annotations

import socket
import sys

from tests.scoring.stub_runs import use_stub_runs
from tests.webapp.stub_host import LONG_NAME

socket.gethostname = lambda: LONG_NAME
use_stub_runs()

from scoring import tasks  # noqa: E402
from scoring.supervisor import Supervisor  # noqa: E402
from webapp.celery import app  # noqa: E402

tasks._supervisors.append(Supervisor(command=(sys.executable, "-m", "tests.scoring.stub_worker")))

__all__ = ["app"]
