from datetime import timedelta

import pytest
from celery import current_app
from django.db.models.functions import Now

from annotator.errors import ConflictError, FencedOutError
from annotator.models import Job, JobMetric, Worker
from annotator.services import jobs
from tests.factories import JobFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db
State = Job.State


@pytest.fixture
def sent(monkeypatch):
    """The messages that would go to the broker, as (task, arguments, queue)."""
    messages = []

    def send_task(name, args, queue):
        messages.append((name, args, queue))

    monkeypatch.setattr(current_app, "send_task", send_task)
    return messages


@pytest.fixture
def worker():
    return Worker.objects.create(kind="io", host="here", pid=1)


def state_of(job):
    return Job.objects.get(pk=job.pk).state


@pytest.mark.parametrize(
    ("kind", "queue"), [(Job.Kind.IMPORT, "io"), (Job.Kind.TRAIN, "gpu"), (Job.Kind.SCORE, "gpu")]
)
def test_a_job_is_announced_by_name_only_after_commit(
    sent, kind, queue, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.job_create(
            project=ProjectFactory(), kind=kind, args={"file": 1}, user=UserFactory()
        )
        assert sent == []
    assert sent == [(kind.value, [job.pk], queue)]
    assert (job.state, job.args, job.fence) == (State.QUEUED, {"file": 1}, 0)


def test_an_unreachable_broker_does_not_lose_the_job(
    monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def refuse(*_, **__):
        raise OSError("no broker")

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.job_create(project=ProjectFactory(), kind=Job.Kind.IMPORT, args={})
    assert state_of(job) == State.QUEUED
    (line,) = [record for record in caplog.records if "no broker" in record.getMessage()]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert job.unwoken == line.getMessage()


def test_a_claim_raises_fence_and_attempt(worker):
    job = jobs.job_claim(job_id=JobFactory().pk, worker=worker)
    assert (job.state, job.fence, job.attempt, job.worker) == (State.RUNNING, 1, 1, worker)
    assert job.heartbeat is not None
    assert job.started is not None


@pytest.mark.parametrize("state", [s for s in State if s != State.QUEUED])
def test_only_queued_jobs_can_be_claimed(worker, state):
    assert jobs.job_claim(job_id=JobFactory(state=state).pk, worker=worker) is None


def test_a_missing_job_cannot_be_claimed(worker):
    assert jobs.job_claim(job_id=12345, worker=worker) is None


@pytest.mark.parametrize(
    "write",
    [
        lambda job: jobs.job_heartbeat(job=job),
        lambda job: jobs.job_progress(job=job, done=1),
        lambda job: jobs.job_advanced(job=job),
        lambda job: jobs.job_metrics(job=job, rows=[(1, "loss", 0.5)]),
        lambda job: jobs.job_hold(job=job),
        lambda job: jobs.job_finish(job=job, result={"rows": 1}),
        lambda job: jobs.job_fail(job=job, code="x", error="y"),
        lambda job: jobs.job_cancel(job=job),
        lambda job: jobs.job_release(job=job),
        lambda job: jobs.job_lost(job=job, reason="gone."),
    ],
    ids=[
        "heartbeat",
        "progress",
        "advanced",
        "metrics",
        "hold",
        "finish",
        "fail",
        "cancel",
        "release",
        "lost",
    ],
)
def test_a_ghost_cannot_write_over_its_successor(worker, write, sent):
    ghost = jobs.job_claim(job_id=JobFactory().pk, worker=worker)
    Job.objects.filter(pk=ghost.pk).update(state=State.QUEUED)
    successor = jobs.job_claim(job_id=ghost.pk, worker=None)
    with pytest.raises(FencedOutError, match=f"Job {ghost.pk} is no longer held"):
        write(ghost)
    assert successor.fence == ghost.fence + 1
    assert state_of(successor) == State.RUNNING
    assert not JobMetric.objects.exists()


def test_progress_is_a_heartbeat(worker):
    job = jobs.job_claim(job_id=JobFactory().pk, worker=worker)
    Job.objects.filter(pk=job.pk).update(heartbeat=Now() - timedelta(hours=1))
    jobs.job_progress(job=job, done=3, total=10, message="Reading")
    row = Job.objects.get(pk=job.pk)
    assert (row.done, row.total, row.message) == (3, 10, "Reading")
    assert row.heartbeat > job.heartbeat - timedelta(minutes=1)


def test_a_resumed_run_replaces_equal_steps_of_a_curve(worker):
    job = jobs.job_claim(job_id=JobFactory().pk, worker=worker)
    jobs.job_metrics(job=job, rows=[(1, "loss", 0.9), (2, "loss", 0.8)])
    jobs.job_metrics(job=job, rows=[(2, "loss", 0.7), (3, "loss", 0.6)])
    assert list(JobMetric.objects.order_by("step").values_list("value", flat=True)) == [
        0.9,
        0.7,
        0.6,
    ]


def test_a_queued_job_is_cancelled_at_once_and_resumes(sent, django_capture_on_commit_callbacks):
    job = JobFactory()
    assert jobs.job_cancel_request(job=job).state == State.CANCELLED
    with django_capture_on_commit_callbacks(execute=True):
        resumed = jobs.job_resume(job=job)
    assert (resumed.state, resumed.cancel_requested, resumed.attempt) == (State.QUEUED, False, 0)
    assert [args for _, args, _ in sent] == [[job.pk]]


def test_a_running_job_hears_of_the_wish_to_cancel(worker):
    job = jobs.job_claim(job_id=JobFactory().pk, worker=worker)
    assert jobs.job_cancel_wanted(job=job) is False
    assert jobs.job_cancel_request(job=job).state == State.RUNNING
    assert jobs.job_cancel_wanted(job=job) is True


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED])
def test_an_ended_job_cannot_be_cancelled(state):
    with pytest.raises(ConflictError, match=f"already {state}"):
        jobs.job_cancel_request(job=JobFactory(state=state))


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.DONE])
def test_only_failed_and_cancelled_jobs_resume(state):
    with pytest.raises(ConflictError, match=f"is {state}"):
        jobs.job_resume(job=JobFactory(state=state))


def test_a_released_job_keeps_its_attempts(worker, sent):
    job = jobs.job_claim(job_id=JobFactory(attempt=1).pk, worker=worker)
    jobs.job_release(job=job)
    row = Job.objects.get(pk=job.pk)
    assert (row.state, row.attempt, row.worker) == (State.QUEUED, 1, None)


def lose(job_id, *, saved=False):
    """Claim the job, let it save something or nothing, lose its worker; returns the row."""
    job = jobs.job_claim(job_id=job_id, worker=None)
    if saved:
        jobs.job_advanced(job=job)
    jobs.job_lost(job=job, reason="It ran out of memory.")
    return Job.objects.get(pk=job_id)


def test_a_job_that_saves_nothing_fails_at_its_third_loss_with_the_reason(sent):
    job = JobFactory()
    rows = [lose(job.pk) for _ in range(3)]
    assert [row.state for row in rows] == [State.QUEUED, State.QUEUED, State.FAILED]
    assert rows[1].message == "It ran out of memory. Queued again for attempt 3 of 3."
    assert rows[2].error == (
        "It ran out of memory. That was attempt 3 of 3, and the last 3 saved nothing new."
    )
    assert rows[2].error_code == "worker_lost"


def test_attempts_that_save_something_do_not_count(sent):
    job = JobFactory()
    saved = [True, True, False, True, True, True, False, False]
    assert [lose(job.pk, saved=some).state for some in saved] == [State.QUEUED] * len(saved)
    row = lose(job.pk)
    assert (row.state, row.attempt) == (State.FAILED, 9)
    assert "attempt 9 of 9, and the last 3 saved nothing new" in row.error


def test_an_attempt_that_saves_often_is_allowed_for_once(sent):
    job = jobs.job_claim(job_id=JobFactory().pk, worker=None)
    jobs.job_advanced(job=job)
    jobs.job_advanced(job=job)
    assert Job.objects.get(pk=job.pk).max_attempts == 4


def test_no_job_is_tried_for_ever(sent):
    job = JobFactory(attempt=jobs.MOST_ATTEMPTS - 1, max_attempts=jobs.MOST_ATTEMPTS)
    row = lose(job.pk, saved=True)
    assert row.state == State.FAILED
    assert "attempt 100 of 100, which is as often as a job is tried" in row.error


def test_a_resumed_job_has_fresh_attempts(sent):
    job = JobFactory(state=State.FAILED, attempt=9, max_attempts=9)
    resumed = jobs.job_resume(job=job)
    assert (resumed.attempt, resumed.max_attempts) == (0, 3)
