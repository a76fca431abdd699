import errno

import pytest
from celery import current_app

from annotator.errors import ConflictError
from annotator.models import Job, JobMetric
from annotator.services import jobs
from scoring.errors import MissingInputError
from scoring.pipelines import runner
from tests.factories import JobFactory

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


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full", "Make room"),
        (MemoryError(), "out_of_memory", "smaller batch"),
        (MissingInputError("tempo", ["logp"]), "missing_input", "needs logp"),
        (ConflictError("Taken.", code="name_taken"), "name_taken", "Taken."),
    ],
)
def test_errors_that_a_person_can_act_on_say_how(error, code, part):
    got, sentence = runner.explain(error)
    assert got == code
    assert part in sentence
