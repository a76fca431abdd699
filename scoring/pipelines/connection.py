"""Losing the database and finding it again: a restart must not cost a job."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import psycopg
from django.db import InterfaceError, OperationalError, connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

FAULTS = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
# Together less than JOB_STALE_S at its default: after that the reaper takes the job.
PAUSES_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)


def loss_of(error: BaseException) -> str:
    """Return how the connection was lost if that is behind ``error``, else "".

    Faults without a state come from the client's side of a connection that is no more. The server
    says goodbye with states of class 08 (connection) and 57P (shutdown, crash, starting up). A full
    disk, a deadlock or a cancelled statement are operational errors too, but no loss.
    """
    for cause in _causes(error):
        if isinstance(cause, FAULTS):
            origin = cause if isinstance(cause, psycopg.Error) else cause.__cause__
            state = getattr(origin, "sqlstate", None)
            if state is None or state.startswith(("08", "57P")):
                return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
    return ""


def patiently(write: Callable[[], object]) -> None:
    """Call ``write``, which must be safe to repeat; again on a new connection if the old one is lost.

    Raises:
        OperationalError, InterfaceError: the database stayed away.
    """
    for pause in PAUSES_S:
        try:
            write()
        except (OperationalError, InterfaceError) as error:
            if not (reason := loss_of(error)):
                raise
            logger.warning("database lost", extra={"reason": reason})
            connection.close()
            time.sleep(pause)
        else:
            return
    write()


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
