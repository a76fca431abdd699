import subprocess
import sys

import pytest

from annotator.errors import UnavailableError
from annotator.models import Job, Worker
from annotator.services.jobs import wait as module
from annotator.services.jobs.wait import job_wait
from tests.factories import JobFactory

pytestmark = [pytest.mark.django_db(transaction=True)]
State = Job.State


@pytest.fixture
def stub_child(monkeypatch):
    """Let the child run stubs, or whatever code the test names."""
    real = subprocess.Popen

    def use(*command):
        def popen(given, **options):
            return real([sys.executable, *(command or given[1:])], **options)

        monkeypatch.setattr(module.subprocess, "Popen", popen)

    return use


def stub_worker(job):
    return ("-m", "tests.scoring.stub_worker", "--job", str(job.pk))


def job_of(mode, **fields):
    return JobFactory(kind=Job.Kind.TRAIN, args={"mode": mode}, **fields)


@pytest.mark.slow
def test_without_a_worker_the_job_runs_in_a_child(stub_child, capfd):
    job = job_of("ok")
    stub_child(*stub_worker(job))
    done = job_wait(job=job)
    assert (done.state, done.worker) == (State.DONE, None)
    assert capfd.readouterr().out == "", "stdout is for the command's answer"


@pytest.mark.slow
def test_a_child_that_is_killed_means_another_attempt(stub_child):
    job = job_of("killed_once")
    stub_child(*stub_worker(job))
    assert job_wait(job=job).result == {"attempt": 2}


def test_a_child_that_cannot_start_is_an_error_not_a_loop(stub_child):
    stub_child("-c", "raise SystemExit(3)")
    with pytest.raises(UnavailableError, match="exit status 3"):
        job_wait(job=job_of("ok"))


def test_with_a_live_worker_the_command_only_watches(stub_child, monkeypatch):
    stub_child("-c", "raise SystemExit(3)")
    monkeypatch.setattr(module, "POLL_S", 0.01)
    Worker.objects.create(kind="gpu", host="elsewhere", pid=1)
    seen = []

    def watch(job):
        seen.append(job.state)
        if len(seen) == 3:
            Job.objects.update(state=State.FAILED, error="No labels.")

    ended = job_wait(job=job_of("ok"), on_progress=watch)
    assert (ended.state, seen) == (State.FAILED, [State.QUEUED] * 3)


def test_an_ended_job_returns_at_once(stub_child):
    stub_child("-c", "raise SystemExit(3)")
    assert job_wait(job=job_of("ok", state=State.DONE)).state == State.DONE
