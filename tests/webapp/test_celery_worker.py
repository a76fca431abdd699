"""A real worker process, the real broker, and everything that can happen to both."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import OperationalError, connection

from annotator.models import Export, Job, Worker
from annotator.services import jobs
from tests.factories import ProjectFactory, problem_with_tree
from tests.webapp.stub_host import LONG_NAME
from tests.webapp.workers import WITHIN_S, ended, running_worker, until
from webapp import postgres

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


def test_a_worker_killed_in_the_middle_of_an_export_leaves_no_half_file(start):
    project = ProjectFactory()
    for name in "abc":
        problem_with_tree([f"{name}!"], project=project)
    args = {"mode": "export_killed_once", "format": "tracewood", "options": {}, "snapshot": None}
    first = start()
    job = jobs.job_create(project=project, kind=Job.Kind.EXPORT, args=args)
    until(lambda: first.poll() is not None, "the first worker's death")
    folder = Path(settings.ARTIFACTS_URL) / "exports" / str(project.pk)
    begun = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert begun, "it died before it wrote"
    assert all(path.parts[1].startswith(".partial-") for path in begun)
    assert not Export.objects.exists()
    start()
    done = until(ended(job, State.DONE), "the second attempt")
    export = Export.objects.get()
    assert (done.attempt, done.result["export"], export.rows) == (2, export.pk, 3)
    files = {path.relative_to(folder.parents[1]) for path in folder.rglob("*") if path.is_file()}
    names = [file["path"] for file in export.files]
    assert files == {Path(export.path, name) for name in ["manifest.json", *names]}
    data = [name for name in names if name.endswith(".jsonl")]
    written = "".join((folder.parents[1] / export.path / name).read_text() for name in data)
    assert len(written.splitlines()) == 3


def test_a_gpu_worker_works_in_a_child_and_never_loads_torch(start):
    worker = start(Worker.Kind.GPU)
    job = queue_job("ok", Job.Kind.TRAIN)
    done = until(ended(job, State.DONE), "the job's end")
    assert done.result["pid"] != worker.pid
    maps = psutil.Process(worker.pid).memory_maps()
    assert not [row.path for row in maps if "torch" in row.path]


@pytest.mark.parametrize(
    ("kind", "job_kind"),
    [(Worker.Kind.IO, Job.Kind.IMPORT), (Worker.Kind.GPU, Job.Kind.TRAIN)],
)
def test_a_worker_its_child_and_their_database_processes_step_back(start, kind, job_kind):
    start(kind, TRACEWOOD_WORKER_NICE="17")
    done = until(ended(queue_job("priorities", job_kind), State.DONE), "the job's end")
    embedded = settings.DATABASES["default"]["ENGINE"] == "webapp.embedded"
    assert done.result["own"] == 17
    if embedded:
        assert done.result["server"] == 17
        ours = connection.connection.info.backend_pid
        assert os.getpriority(os.PRIO_PROCESS, ours) == os.getpriority(os.PRIO_PROCESS, 0)


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


@pytest.fixture
def own_database():
    """Skip unless the server is this test run's alone."""
    if settings.DATABASES["default"]["ENGINE"] != "webapp.embedded":
        pytest.skip("the database is not ours to restart")
    if os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.skip("the other processes of pytest-xdist use the same server")


@pytest.mark.usefixtures("own_database")
def test_a_worker_outlives_a_restart_of_its_database(start):
    worker = start()
    connection.close()
    postgres.stop(settings.TRACEWOOD_HOME)
    connection.ensure_connection()
    job = queue_job("ok")
    until(ended(job, State.DONE), "the job's end after the restart")
    assert worker.poll() is None


@pytest.mark.usefixtures("own_database")
def test_a_job_outlives_a_database_that_is_killed(start):
    worker = start()
    job = queue_job("asks_on")
    until(lambda: Job.objects.filter(pk=job.pk, message="Waiting").exists(), "the job's start")
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (folder,) = cursor.fetchone()
    connection.close()
    os.kill(int(Path(folder, "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    done = until(ended_whatever_comes(job), "the second attempt")
    assert done.result == {"attempt": 2}
    assert worker.poll() is None


def ended_whatever_comes(job):
    """Return ``ended`` for a server that is still recovering."""

    def row():
        try:
            return ended(job, State.DONE)()
        except OperationalError:
            connection.close()
            return None

    return row
