"""A real worker process, the real broker, and everything that can happen to both."""

from __future__ import annotations

import os
from contextlib import ExitStack

import psutil
import pytest
from django.conf import settings
from django.db import connection

from annotator.models import Job, Worker
from annotator.services import jobs
from tests.factories import ProjectFactory
from tests.webapp.stub_host import LONG_NAME
from tests.webapp.workers import WITHIN_S, ended, running_worker, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
State = Job.State


@pytest.fixture
def start(tmp_path):
    """Start workers of a kind; all end with the test."""
    with ExitStack() as stack:
        yield lambda *args, **extra: stack.enter_context(running_worker(tmp_path, *args, **extra))


def queue_job(mode, kind=Job.Kind.IMPORT):
    return jobs.job_create(project=ProjectFactory(), kind=kind, args={"mode": mode})


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
