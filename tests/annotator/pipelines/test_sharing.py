"""One scoring by several workers: no problem twice, none lost, and the job ends when all are done."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, connections
from django.utils import timezone

from annotator.models import Job, Step, StepScore, Worker
from annotator.queries.jobs import open_score_job, score_helpers
from annotator.services import jobs
from annotator.services.jobs import job_cancel_request
from annotator.services.jobs.requests import score_request
from scoring.pipelines import runner, score, sharing
from tests.annotator.pipelines.data import run, trained

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 60


@pytest.fixture
def shared(project, monkeypatch):
    """A trained model, a job that scores with it, and who scored which problem."""
    monkeypatch.setattr(sharing, "SHARED_FROM", 1)
    monkeypatch.setattr(score, "FLUSH_STEPS", 1)
    model = trained(project)
    scored: list[tuple[int, str]] = []
    add = score._Store.add

    def note(self, tree, scores, wanted):
        scored.append((int(tree.ids[1]), threading.current_thread().name))
        time.sleep(0.05)  # time for the other one to take the next
        add(self, tree, scores, wanted)

    monkeypatch.setattr(score._Store, "add", note)
    return model, score_request(model=model, user=None), scored


def in_a_thread(job, name):
    def work():
        try:
            runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, name=name)
    thread.start()
    return thread


def idle_worker():
    now = timezone.now()
    return Worker.objects.create(
        kind=Worker.Kind.GPU, host="here", pid=1, started=now, heartbeat=now
    )


def wait_until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def test_two_workers_share_the_problems_and_score_none_twice(shared, project):
    model, job, scored = shared
    idle_worker()
    first = in_a_thread(job, "first")
    wait_until(lambda: score_helpers(job=job).exists())
    (helper,) = score_helpers(job=job)
    assert open_score_job(model=model) == job, "the helper is not the job that was asked for"
    second = in_a_thread(helper, "second")
    for thread in (first, second):
        thread.join(PATIENCE_S)
    job.refresh_from_db()
    helper.refresh_from_db()
    assert (job.state, helper.state) == (Job.State.DONE, Job.State.DONE), (job.error, helper.error)
    assert len(scored) == len({step for step, _ in scored}) == project.problems.count()
    assert StepScore.objects.filter(model=model).count() == Step.objects.count()
    assert (job.done, job.result["skipped"]) == (job.total, 0)


def test_what_a_dead_worker_held_is_taken_by_another(shared, project):
    model, job, scored = shared
    last = project.problems.latest("pk")
    other = connection.copy()
    other.cursor().execute(
        "SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"score {model.pk} {last.pk}"]
    )
    thread = in_a_thread(job, "alone")
    wait_until(lambda: len(scored) == project.problems.count() - 1)
    time.sleep(3 * sharing.WAIT_S)
    assert len(scored) == project.problems.count() - 1, "somebody has the last one"
    assert thread.is_alive(), "the job waits for it"
    other.close()  # what is left of a killed worker
    thread.join(PATIENCE_S)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    assert StepScore.objects.filter(model=model).count() == Step.objects.count()


def test_helpers_end_with_the_job_that_they_help(shared):
    model, job, scored = shared
    idle_worker()
    helper = jobs.job_create(
        project=job.project, kind=Job.Kind.SCORE, args={**job.args, "part_of": job.pk}
    )
    job_cancel_request(job=job)
    assert run(helper).state == Job.State.DONE
    assert scored == []
    assert run(score_request(model=model, user=None)).state == Job.State.DONE


def test_no_lock_outlives_the_job_whatever_ends_it(shared, monkeypatch):
    _, job, _ = shared

    def fail(*_):
        raise RuntimeError("a fault")

    monkeypatch.setattr(score._Store, "add", fail)
    assert run(job).state == Job.State.FAILED
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == (0,)
