"""A real worker process, the real broker, and everything that can happen to both."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import psutil
import pytest
from django.conf import settings
from django.db import connection

from annotator.models import Job, Worker
from annotator.queries.jobs import live_workers
from annotator.services import jobs
from annotator.services.job_wait import worker_environment
from tests.factories import ProjectFactory
from tests.webapp.stub_host import LONG_NAME
from webapp.management.commands.up import worker_command

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
State = Job.State
WITHIN_S = 45


def until(condition, what):
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"did not happen within {WITHIN_S} s: {what}")


@pytest.fixture
def start(tmp_path):
    """Start a worker of a kind and wait until its row is there; all end with the test."""
    started = []

    def start(kind=Worker.Kind.IO, **extra):
        command = [
            "tests.webapp.stub_celery:app" if part == "webapp.celery:app" else part
            for part in worker_command(kind)
        ]
        log = (tmp_path / f"worker{len(started)}.log").open("w+")
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=worker_environment() | {"REAP_EVERY_S": "1", "JOB_STALE_S": "3"} | extra,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.append((process, log))
        until(
            lambda: process.poll() is not None or live_workers(kind).filter(pid=process.pid),
            "the worker's row",
        )
        if process.poll() is not None:
            log.seek(0)
            raise AssertionError(log.read())
        return process

    yield start
    for process, log in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def queue_job(mode, kind=Job.Kind.IMPORT):
    return jobs.job_create(project=ProjectFactory(), kind=kind, args={"mode": mode})


def ended(job, state):
    return lambda: Job.objects.filter(pk=job.pk, state=state).first()


def queue_names():
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name FROM pgmq.meta ORDER BY 1")
        return [name for (name,) in cursor]


def test_a_worker_of_a_machine_with_a_long_name_leaves_no_queues_behind(start):
    worker = start()
    job = queue_job("ok")
    done = until(ended(job, State.DONE), "the job's end")
    assert done.worker.host == LONG_NAME
    assert done.worker.pid == worker.pid
    worker.kill()
    worker.wait()
    assert queue_names() == ["gpu", "io"]


def test_a_worker_killed_in_the_middle_loses_nothing(start):
    first = start()
    job = queue_job("killed_once")
    until(lambda: first.poll() is not None, "the first worker's death")
    assert Job.objects.get(pk=job.pk).state == State.RUNNING
    start()
    done = until(ended(job, State.DONE), "the second attempt")
    assert done.result == {"attempt": 2}


def test_a_gpu_worker_works_in_a_child_and_never_loads_torch(start):
    worker = start(Worker.Kind.GPU)
    job = queue_job("ok", Job.Kind.TRAIN)
    done = until(ended(job, State.DONE), "the job's end")
    assert done.result["pid"] != worker.pid
    maps = psutil.Process(worker.pid).memory_maps()
    assert not [row.path for row in maps if "torch" in row.path]


def test_a_worker_that_is_asked_to_end_gives_its_job_back_and_signs_off(start):
    worker = start()
    job = queue_job("until_stopped")
    until(lambda: Job.objects.filter(pk=job.pk, message="Waiting").exists(), "the job's start")
    worker.terminate()
    assert worker.wait(timeout=WITHIN_S) == 0
    row = Job.objects.get(pk=job.pk)
    assert (row.state, row.attempt) == (State.QUEUED, 0)
    assert not Worker.objects.exists()


def test_a_job_queued_while_the_broker_lost_its_message_is_found(start):
    job = queue_job("ok")
    from webapp.celery import app

    app.control.purge()
    start()
    until(ended(job, State.DONE), "the reaper's reminder")


def test_a_worker_outlives_a_restart_of_its_database(start):
    from webapp import postgres

    if settings.DATABASES["default"]["ENGINE"] != "webapp.embedded":
        pytest.skip("the database is not ours to restart")
    if os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.skip("the other processes of pytest-xdist use the same server")
    worker = start()
    connection.close()
    postgres.stop(settings.TRACEWOOD_HOME)
    connection.ensure_connection()
    job = queue_job("ok")
    until(ended(job, State.DONE), "the job's end after the restart")
    assert worker.poll() is None
