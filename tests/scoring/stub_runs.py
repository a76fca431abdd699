"""Runs that behave as ``job.args["mode"]`` says; stand in for real work in tests of workers."""

from __future__ import annotations

import os
import signal
import threading
import time

from django.db import connection

from scoring.errors import CancelledError, ProcessLostError, TrainingError


def run(context):
    return {
        "ok": _ok,
        "priorities": _priorities,
        "until_stopped": _until_stopped,
        "deaf": _deaf,
        "killed_once": _killed_once,
        "frozen": _frozen,
        "greedy": _greedy,
        "loses_database": _loses_database,
        "loses_process": _loses_process,
        "score_killed_once": _score_killed_once,
        "export_killed_once": _export_killed_once,
        "asks_on": _asks_on,
        "refuses": _refuses,
        "crashes": _crashes,
    }[context.args["mode"]](context)


def _ok(context):
    context.progress(1, 1, "Working")
    context.metric(1, {"loss": 0.5})
    return {"pid": os.getpid()}


def _priorities(context):
    """Tell the priority of this process and of the server's side of its connection."""
    connection.ensure_connection()
    server = connection.connection.info.backend_pid
    return {
        "own": os.getpriority(os.PRIO_PROCESS, 0),
        "server": os.getpriority(os.PRIO_PROCESS, server),
    }


def _until_stopped(context):
    context.progress(0, None, "Waiting")
    while not context.should_stop():
        time.sleep(0.05)
    raise CancelledError("stopped")


def _loses_process(context):
    if context.job.attempt == 1:
        raise ProcessLostError("Process 2 of the 2 that trained was ended by SIGKILL.")
    return {"attempt": context.job.attempt}


def _deaf(context):
    context.progress(0, None, "Waiting")
    time.sleep(600)


def _killed_once(context):
    if context.job.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"attempt": context.job.attempt}


def _score_killed_once(context):
    """Score for real; the first attempt dies inside the transaction that stores its third problem."""
    from scoring.pipelines import score

    score.FLUSH_STEPS = 1
    if context.job.attempt == 1:
        store, calls = score.step_scores_store, []

        def dying(**options):
            calls.append(store(**options))
            if len(calls) == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        score.step_scores_store = dying
    return score.run(context)


def _export_killed_once(context):
    """Export for real; the first attempt dies when two problems are written."""
    from scoring.pipelines import io

    if context.job.attempt == 1:

        def dying(done, _total, _message):
            if done == 2:
                os.kill(os.getpid(), signal.SIGKILL)

        context.progress = dying
    return io.run_export(context)


def _frozen(context):
    """Stop the heartbeat thread too: the whole process stands still."""
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGSTOP)).start()
    time.sleep(600)


def _greedy(context):
    block = bytearray(800 * 2**20)
    block[::4096] = b"x" * len(block[::4096])
    time.sleep(600)


def _loses_database(context):
    """Be thrown out by the server once, as at its restart; ``always`` in the arguments: each time."""
    if context.job.attempt == 1 or context.args.get("always"):
        hang_up()
    return {"attempt": context.job.attempt}


def _asks_on(context):
    """Keep asking the database at the first attempt, as an import does."""
    from django.db import connection

    context.progress(0, None, "Waiting")
    while context.job.attempt == 1:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")
    return {"attempt": context.job.attempt}


def hang_up():
    """Have the server end this thread's connection in the middle of a statement."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def _refuses(context):
    raise TrainingError("There are no labels to train on; label some steps first.")


def _crashes(context):
    raise ZeroDivisionError("division by zero")


def use_stub_runs():
    """Make every job kind run stubs in this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from scoring.pipelines import runner

    for kind in runner.RUNS:
        runner.RUNS[kind] = "tests.scoring.stub_runs:run"
