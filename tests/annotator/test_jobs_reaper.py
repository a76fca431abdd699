from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.db.models.functions import Now

from annotator.models import Job, Worker
from annotator.queries.jobs import live_workers, worker_health
from annotator.services import jobs
from annotator.services.jobs import workers
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db
State = Job.State
STALE = timedelta(seconds=60)


@pytest.fixture
def reap(monkeypatch, django_capture_on_commit_callbacks):
    """Run the reaper as if its transaction were committed; returns (reaped, job ids woken)."""
    messages = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, args, queue: messages.append(args[0])
    )

    def run():
        messages.clear()
        with django_capture_on_commit_callbacks(execute=True):
            reaped = workers.jobs_reap(stale_after=STALE)
        return reaped, list(messages)

    return run


def silent(**fields):
    fields = {"state": State.RUNNING, "attempt": 1, "fence": 1} | fields
    job = JobFactory(**fields)
    Job.objects.filter(pk=job.pk).update(heartbeat=Now() - STALE - timedelta(seconds=1))
    return job


def worker(kind="io", age=0, **fields):
    row = Worker.objects.create(kind=kind, host="here", pid=1, **fields)
    Worker.objects.filter(pk=row.pk).update(heartbeat=Now() - timedelta(seconds=age))
    return row


def test_a_silent_job_is_queued_again_and_announced(reap):
    job = silent()
    reaped, woken = reap()
    assert reaped.requeued == woken == [job.pk]
    row = Job.objects.get(pk=job.pk)
    assert (row.state, row.worker) == (State.QUEUED, None)
    assert row.message == "The worker was lost. Queued again for attempt 2 of 3."


def test_a_job_whose_heart_beats_is_left_alone(reap):
    job = JobFactory(state=State.RUNNING, heartbeat=Now())
    assert not reap()[0]
    assert Job.objects.get(pk=job.pk).state == State.RUNNING


def test_a_job_that_kills_every_worker_fails_with_the_reason(reap):
    job = silent(attempt=3, max_attempts=3)
    reaped, woken = reap()
    assert (reaped.failed, woken) == ([job.pk], [])
    row = Job.objects.get(pk=job.pk)
    assert row.error == (
        "The worker was lost. That was attempt 3 of 3, and the last 3 saved nothing new."
    )


def test_a_job_that_gets_further_each_time_is_not_given_up(reap):
    job = silent(attempt=3, max_attempts=3)
    jobs.job_advanced(job=job)
    assert reap()[0].requeued == [job.pk]
    row = Job.objects.get(pk=job.pk)
    assert row.message == "The worker was lost. Queued again for attempt 4 of 6."


def test_a_silent_job_that_should_be_cancelled_is(reap):
    job = silent(cancel_requested=True)
    assert reap()[0].cancelled == [job.pk]


def test_a_waiting_job_is_announced_again_when_a_worker_of_its_queue_is_idle(reap):
    job = silent(state=State.QUEUED, kind=Job.Kind.TRAIN)
    worker("io")
    assert not reap()[0]
    worker("gpu")
    assert reap()[1] == [job.pk]
    assert not reap()[0], "the next message waits for the next period"


def test_a_waiting_job_is_not_announced_again_while_all_workers_are_busy(reap):
    silent(state=State.QUEUED)
    JobFactory(state=State.RUNNING, heartbeat=Now(), worker=worker("io"))
    assert not reap()[0]


def test_a_second_reaper_returns_at_once(reap, django_db_blocker):
    silent()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [workers.REAPER_LOCK])
        assert not reap()[0]
        with other.cursor() as cursor:  # closing alone lets go of it only some time later
            cursor.execute("SELECT pg_advisory_unlock(%s)", [workers.REAPER_LOCK])
    finally:
        other.close()
    assert reap()[0]


def test_a_starting_worker_takes_the_jobs_of_dead_processes_of_its_machine(reap):
    dead, living = worker(), worker()
    Worker.objects.filter(pk=living.pk).update(pid=2)
    lost = JobFactory(state=State.RUNNING, heartbeat=Now(), worker=dead, attempt=1, fence=1)
    kept = JobFactory(state=State.RUNNING, heartbeat=Now(), worker=living, attempt=1, fence=1)
    reaped = workers.workers_sweep(host="here", is_alive=lambda pid: pid == 2)
    assert reaped.requeued == [lost.pk]
    assert Job.objects.get(pk=kept.pk).state == State.RUNNING
    assert list(Worker.objects.all()) == [living]


def test_health_names_the_missing_worker():
    worker("io")
    worker("gpu", age=31)
    JobFactory(kind=Job.Kind.TRAIN)
    io, gpu = worker_health()
    assert (io.problem, len(io.workers), io.queued) == ("", 1, 0)
    assert gpu.problem == (
        "No gpu worker is running, so training, scoring, evaluation by reading and attribution wait. Start it with `make up`."
    )
    assert (gpu.workers, gpu.queued) == ((), 1)


def test_a_swept_worker_comes_back_with_its_next_heartbeat():
    row = workers.worker_register(kind=Worker.Kind.IO, host="here", pid=7)
    workers.worker_remove(worker=row)
    assert not live_workers(Worker.Kind.IO).exists()
    workers.worker_heartbeat(worker=row)
    assert list(live_workers(Worker.Kind.IO)) == [row]
