"""The real settings under a home of this test run, so that a developer's data are never touched.

The processes of pytest-xdist inherit the home of the first one and share its database server.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

PREFIX = "tracewood-tests-"


def sweep() -> None:
    """Remove homes of runs that were killed before they could tidy up."""
    from webapp import postgres

    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            owner = home.stat().st_uid
        except FileNotFoundError:  # another run has just removed it
            continue
        if owner == os.geteuid() and not psutil.pid_exists(int(home.name.removeprefix(PREFIX))):
            postgres.stop(home)
            shutil.rmtree(home, ignore_errors=True)


if "TRACEWOOD_TEST_HOME" not in os.environ:
    sweep()
    home = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getpid()}"
    home.mkdir(mode=0o700)
    os.environ["TRACEWOOD_TEST_HOME"] = str(home)
os.environ["TRACEWOOD_HOME"] = os.environ["TRACEWOOD_TEST_HOME"]
# Commands run inside the process of the tests, whose priority could not be raised again.
os.environ.setdefault("TRACEWOOD_WORKER_NICE", "0")

from webapp.settings import *  # noqa: E402, F403

# A hash that is slow on purpose costs 0.2 s for every user a test makes.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
