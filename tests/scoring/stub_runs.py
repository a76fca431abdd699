"""Runs that behave as ``job.args["mode"]`` says; stand in for real work in tests of workers."""

from __future__ import annotations

import os
import signal
import threading
import time

from scoring.errors import CancelledError, TrainingError


def run(context):
    return {
        "ok": _ok,
        "until_stopped": _until_stopped,
        "deaf": _deaf,
        "killed_once": _killed_once,
        "frozen": _frozen,
        "greedy": _greedy,
        "refuses": _refuses,
        "crashes": _crashes,
    }[context.args["mode"]](context)


def _ok(context):
    context.progress(1, 1, "Working")
    context.metric(1, {"loss": 0.5})
    return {"pid": os.getpid()}


def _until_stopped(context):
    context.progress(0, None, "Waiting")
    while not context.should_stop():
        time.sleep(0.05)
    raise CancelledError("stopped")


def _deaf(context):
    context.progress(0, None, "Waiting")
    time.sleep(600)


def _killed_once(context):
    if context.job.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"attempt": context.job.attempt}


def _frozen(context):
    """Stop the heartbeat thread too: the whole process stands still."""
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGSTOP)).start()
    time.sleep(600)


def _greedy(context):
    block = bytearray(800 * 2**20)
    block[::4096] = b"x" * len(block[::4096])
    time.sleep(600)


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
