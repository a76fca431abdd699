import os
import sys
import threading
import time

import psutil
import pytest

from annotator.models import Job
from annotator.services import jobs
from scoring.supervisor import Supervisor
from tests.factories import JobFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
State = Job.State
COMMAND = (sys.executable, "-m", "tests.scoring.stub_worker")


@pytest.fixture
def supervisor():
    devices = []
    made = Supervisor(command=COMMAND, grace_s=1.0, on_device=devices.append)
    made.devices = devices
    yield made
    made.kill()


def claimed(mode, **fields):
    job = JobFactory(kind=Job.Kind.TRAIN, args={"mode": mode}, **fields)
    return jobs.job_claim(job_id=job.pk, worker=None)


def row_of(job):
    return Job.objects.get(pk=job.pk)


def once(condition, then):
    """Call ``then`` from a thread as soon as ``condition`` holds."""

    def wait():
        from django.db import connection

        try:
            end = time.monotonic() + 20
            while not condition() and time.monotonic() < end:
                time.sleep(0.05)
            then()
        finally:
            connection.close()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_jobs_share_one_warm_child(supervisor):
    first, second = claimed("ok"), claimed("ok")
    supervisor.run(first)
    supervisor.run(second)
    pids = {row_of(job).result["pid"] for job in (first, second)}
    assert len(pids) == 1
    assert pids != {os.getpid()}
    assert supervisor.devices == ["stub device"]


def test_a_killed_child_means_another_attempt_with_a_new_child(supervisor):
    job = claimed("killed_once")
    supervisor.run(job)
    row = row_of(job)
    assert row.state == State.QUEUED
    assert row.message.startswith("The worker was killed, most likely")
    supervisor.run(jobs.job_claim(job_id=job.pk, worker=None))
    assert row_of(job).result == {"attempt": 2}


def test_a_cancelled_child_stops_by_itself_and_lives_on(supervisor):
    job = claimed("until_stopped")
    waiter = once(
        lambda: row_of(job).message == "Waiting", lambda: jobs.job_cancel_request(job=job)
    )
    supervisor.run(job)
    waiter.join()
    assert row_of(job).state == State.CANCELLED
    pid = supervisor._child.pid
    supervisor.run(after := claimed("ok"))
    assert row_of(after).result == {"pid": pid}


def test_a_child_that_does_not_hear_is_killed_on_cancel(supervisor):
    job = claimed("deaf")
    waiter = once(
        lambda: row_of(job).message == "Waiting", lambda: jobs.job_cancel_request(job=job)
    )
    supervisor.run(job)
    waiter.join()
    assert row_of(job).state == State.CANCELLED
    assert supervisor._child is None


def test_a_frozen_child_is_killed_and_its_job_queued_again(supervisor):
    supervisor.stale_s = 3
    job = claimed("frozen")
    supervisor.run(job)
    row = row_of(job)
    assert row.state == State.QUEUED
    assert row.message.startswith("The worker stopped answering and was ended. Queued again")


def test_a_child_that_eats_all_memory_is_killed_with_the_reason(supervisor):
    supervisor.max_bytes = 500 * 2**20
    job = claimed("greedy")
    supervisor.run(job)
    row = row_of(job)
    assert (row.state, row.error_code) == (State.FAILED, "out_of_memory")
    assert "more than 500 MB" in row.error


def test_a_supervisor_that_shuts_down_gives_the_job_back(supervisor):
    job = claimed("until_stopped")
    supervisor.run(job, stopping=lambda: row_of(job).message == "Waiting")
    assert (row_of(job).state, row_of(job).attempt) == (State.QUEUED, 0)


def test_an_orphaned_child_ends_itself(supervisor):
    supervisor.run(claimed("ok"))
    child = supervisor._child
    process = psutil.Process(child.pid)
    child._process.stdin.close()
    assert process.wait(timeout=10) is not None or not process.is_running()
