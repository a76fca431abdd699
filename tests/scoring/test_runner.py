import errno
from types import SimpleNamespace

import psycopg
import pytest
from celery import current_app
from django.db import OperationalError

from annotator.errors import ConflictError
from annotator.models import Job, JobMetric
from annotator.models.jobs import READS_MODELS
from annotator.services import jobs
from scoring.errors import MissingInputError
from scoring.pipelines import connection, runner
from tests.factories import JobFactory
from tests.scoring.stub_runs import hang_up

pytestmark = pytest.mark.django_db(transaction=True)
State = Job.State


@pytest.fixture
def run(monkeypatch):
    """Run a stub to its end; returns the row."""

    def run(mode, kind=Job.Kind.IMPORT, **options):
        monkeypatch.setitem(runner.RUNS, kind, "tests.scoring.stub_runs:run")
        job = jobs.job_claim(job_id=JobFactory(kind=kind, args={"mode": mode}).pk, worker=None)
        runner.run_claimed(job, **options)
        return Job.objects.get(pk=job.pk)

    return run


def test_every_job_kind_has_a_run_and_a_task():
    import scoring.tasks  # noqa: F401

    assert set(runner.RUNS) == set(Job.Kind)
    assert {kind.value for kind in Job.Kind} <= set(current_app.tasks)


@pytest.mark.parametrize("kind", Job.Kind)
def test_kinds_that_read_models_go_to_the_child_and_no_others(kind, monkeypatch):
    from scoring import tasks

    claimed, child, here = [], [], []
    monkeypatch.setattr(tasks, "job_claim", lambda **asked: claimed.append(asked) or "job")
    monkeypatch.setattr(tasks.presence, "current", lambda worker: worker)
    monkeypatch.setattr(tasks, "run_claimed", lambda job, **_: here.append(job))
    supervisor = SimpleNamespace(run=lambda job, **_: child.append(job))
    monkeypatch.setattr(tasks, "_supervisor", lambda: supervisor)
    current_app.tasks[kind.value](7)
    assert claimed == [{"job_id": 7, "worker": kind.queue}]
    assert (len(child), len(here)) == ((1, 0) if kind in READS_MODELS else (0, 1))


def test_a_run_leaves_its_result_and_its_curve(run):
    job = run("ok")
    assert job.state == State.DONE
    assert "pid" in job.result
    assert job.finished is not None
    assert list(JobMetric.objects.values_list("name", "step", "value")) == [("loss", 1, 0.5)]


def test_an_expected_error_becomes_its_sentence(run):
    job = run("refuses")
    assert (job.state, job.error_code) == (State.FAILED, "training")
    assert job.error == "There are no labels to train on; label some steps first."


def test_an_unexpected_error_becomes_a_reference_to_the_log(run, caplog):
    job = run("crashes")
    assert (job.state, job.error_code) == (State.FAILED, "internal")
    reference = job.error.split()[-1].rstrip(".")
    (record,) = [r for r in caplog.records if getattr(r, "reference", "") == reference]
    assert record.exc_info[0] is ZeroDivisionError
    assert "division by zero" not in job.error


def test_a_worker_that_shuts_down_gives_the_job_back(run):
    job = run("until_stopped", stopping=lambda: True)
    assert (job.state, job.attempt) == (State.QUEUED, 0)


def test_a_cancelled_run_stops_and_says_so(run, monkeypatch):
    monkeypatch.setattr("scoring.pipelines.context.POLL_S", 0.05)
    started = jobs.job_cancel_wanted

    def cancel_first(*, job):
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        return started(job=job)

    monkeypatch.setattr(jobs, "job_cancel_wanted", cancel_first)
    assert run("until_stopped").state == State.CANCELLED


def test_a_ghost_stops_and_leaves_the_row_to_its_successor(run, monkeypatch):
    monkeypatch.setattr("scoring.pipelines.context.POLL_S", 0.05)
    real = jobs.job_cancel_wanted

    def taken_over(*, job):
        Job.objects.filter(pk=job.pk).update(fence=99, message="successor")
        return real(job=job)

    monkeypatch.setattr(jobs, "job_cancel_wanted", taken_over)
    job = run("until_stopped")
    assert (job.state, job.fence, job.message) == (State.RUNNING, 99, "successor")


def test_a_run_that_loses_its_database_is_queued_again_and_ends(run):
    job = run("loses_database")
    assert (job.state, job.worker) == (State.QUEUED, None)
    assert job.message.startswith("The connection to the database was lost (terminating connection")
    assert job.message.endswith(". Queued again for attempt 2 of 3.")
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
    job.refresh_from_db()
    assert (job.state, job.result) == (State.DONE, {"attempt": 2})


def test_a_run_one_of_whose_processes_dies_is_queued_again_and_ends(run):
    job = run("loses_process")
    assert (job.state, job.worker) == (State.QUEUED, None)
    assert job.message == (
        "Process 2 of the 2 that trained was ended by SIGKILL. Queued again for attempt 2 of 3."
    )
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
    job.refresh_from_db()
    assert (job.state, job.result) == (State.DONE, {"attempt": 2})


def test_a_database_that_is_lost_at_every_attempt_is_the_reason(monkeypatch):
    monkeypatch.setitem(runner.RUNS, Job.Kind.EXPORT, "tests.scoring.stub_runs:run")
    job = JobFactory(kind=Job.Kind.EXPORT, args={"mode": "loses_database", "always": True})
    for _ in range(3):
        runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
    job.refresh_from_db()
    assert (job.state, job.error_code) == (State.FAILED, "database_lost")
    assert job.error.startswith("The connection to the database was lost (")
    assert job.error.endswith("attempt 3 of 3, and the last 3 saved nothing new.")


def test_a_connection_that_is_lost_while_the_end_is_written_is_made_anew(run, monkeypatch):
    finish, calls = jobs.job_finish, []

    def lost_at_first(**options):
        calls.append(options)
        if len(calls) == 1:
            hang_up()
        finish(**options)

    monkeypatch.setattr(jobs, "job_finish", lost_at_first)
    job = run("ok")
    assert (job.state, job.attempt, len(calls)) == (State.DONE, 1, 2)


def test_a_database_that_stays_away_leaves_the_job_to_the_reaper(run, monkeypatch, caplog):
    def away(**_):
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(jobs, "job_finish", away)
    assert run("ok").state == State.RUNNING
    assert "job left to the reaper" in caplog.messages


def test_a_result_that_a_lost_attempt_left_is_the_result(monkeypatch):
    monkeypatch.setitem(runner.RUNS, Job.Kind.EXPORT, "tests.scoring.stub_runs:run")
    job = JobFactory(kind=Job.Kind.EXPORT, args={"mode": "crashes"})
    first = jobs.job_claim(job_id=job.pk, worker=None)
    jobs.job_keep(job=first, result={"export": 7})
    jobs.job_lost(job=first, reason="The worker was lost.")
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None))
    job.refresh_from_db()
    assert (job.state, job.result) == (State.DONE, {"export": 7})


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (psycopg.errors.AdminShutdown("terminating connection"), True),
        (psycopg.errors.CannotConnectNow("the database system is starting up"), True),
        (psycopg.InterfaceError("the connection is closed"), True),
        (OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.errors.DiskFull("could not extend file"), False),
        (psycopg.errors.DeadlockDetected("deadlock detected"), False),
        (psycopg.errors.UniqueViolation("duplicate key"), False),
        (OSError("server closed the connection"), False),
    ],
)
def test_what_is_a_lost_connection_and_what_is_not(error, lost):
    assert bool(connection.loss_of(error)) is lost
    wrapped = ConflictError("Stopped.")
    wrapped.__cause__ = error
    assert bool(connection.loss_of(wrapped)) is lost


def caused(cause):
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (
            OSError(errno.ENOSPC, "No space", "/data/x"),
            "disk_full",
            "holds /data/x is full. Make room",
        ),
        (caused(psycopg.errors.DiskFull("no space")), "disk_full", "disk of the database is full"),
        (MemoryError(), "out_of_memory", "smaller batch"),
        (MissingInputError("tempo", ["logp"]), "missing_input", "needs logp"),
        (ConflictError("Taken.", code="name_taken"), "name_taken", "Taken."),
    ],
)
def test_errors_that_a_person_can_act_on_say_how(error, code, part):
    got, sentence = runner.explain(error)
    assert got == code
    assert part in sentence
