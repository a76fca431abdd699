"""Work that nobody waits for in front of a page: it gives way to the web processes."""

from __future__ import annotations

import os
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError, connection


def background_enter() -> None:
    """Lower this process's priority to ``TRACEWOOD_WORKER_NICE``; 0 leaves it as it is.

    For the first moments of a process, before it has threads or a transaction: children, threads
    and the server's side of new connections to an embedded database follow. There is no way back,
    raising a priority needs privilege, so a web process must never come here.
    """
    if os.getpriority(os.PRIO_PROCESS, 0) >= settings.TRACEWOOD_WORKER_NICE:
        return
    # An embedded server is a child of whoever finds it stopped, and serves the web processes too:
    # it has to start before the priority falls. Who needs the database says so if it is away.
    with suppress(DatabaseError):
        connection.ensure_connection()
    connection.close()
    os.setpriority(os.PRIO_PROCESS, 0, settings.TRACEWOOD_WORKER_NICE)
