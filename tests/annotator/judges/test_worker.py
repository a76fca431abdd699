"""A real io worker judges: it stops when it is asked to, and the next one goes on."""

from __future__ import annotations

import signal
import threading

import psutil
import pytest

from annotator.models import Job, JudgeAnswer
from annotator.services.jobs.requests import score_request
from tests.annotator.judges.data import judge_at
from tests.factories import ProjectFactory, problem_with_tree
from tests.scoring.judge.servers import answering, judging
from tests.webapp.workers import ended, running_worker, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PROBLEMS = 6
APP = "webapp.celery:app"


def test_a_worker_that_is_asked_to_stop_gives_the_job_back_and_another_ends_it(tmp_path):
    project = ProjectFactory()
    for number in range(PROBLEMS):
        problem_with_tree([f"step {number}"], project=project)
    hold = threading.Event()

    def reply(asked):
        if len(asked) > 2:
            hold.wait(60)
        return 200, judging(asked[-1], wrong="x")

    try:
        with answering(reply) as (address, asked):
            job = score_request(model=judge_at(address, project, parallel=1), user=None)
            with running_worker(tmp_path, app=APP) as worker:
                until(lambda: JudgeAnswer.objects.count() == 2, "two answers kept")
                loaded = {row.path for row in psutil.Process(worker.pid).memory_maps()}
                assert not [path for path in loaded if "torch" in path]
                worker.send_signal(signal.SIGTERM)
                until(lambda: worker.poll() is not None, "the end of the worker")
            job.refresh_from_db()
            assert (job.state, job.attempt) == (Job.State.QUEUED, 0)
            assert not hold.is_set(), "it ended with the request still on its way"
            hold.set()
            with running_worker(tmp_path, app=APP):
                done = until(ended(job, Job.State.DONE), "the end of the job")
    finally:
        hold.set()
    assert done.result["scored"] == PROBLEMS
    assert len(asked) == PROBLEMS + 1
