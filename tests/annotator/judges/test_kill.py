"""A worker that is killed while a judge works loses the calls since the last second, no more."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from django.conf import settings

from annotator.models import Job, JudgeAnswer, StepScore
from annotator.services import jobs
from annotator.services.jobs.requests import score_request
from annotator.services.jobs.wait import worker_environment
from tests.annotator.judges.data import judge_at, run
from tests.factories import ProjectFactory, problem_with_tree
from tests.scoring.judge.servers import answering, judging

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PROBLEMS = 40
PAUSE_S = 0.1


def test_a_killed_worker_pays_twice_for_a_second_at_most():
    project = ProjectFactory()
    for number in range(PROBLEMS):
        problem_with_tree([f"step {number}"], project=project)
    answered = []

    def reply(asked):
        time.sleep(PAUSE_S)
        answered.append(time.monotonic())
        return 200, judging(asked[-1], wrong="x")

    with answering(reply) as (address, asked):
        model = judge_at(address, project, parallel=1)
        job = score_request(model=model, user=None)
        child = subprocess.Popen(
            [sys.executable, "-m", "scoring.worker", "--job", str(job.pk)],
            cwd=settings.BASE_DIR,
            env=worker_environment(),
        )
        try:
            while JudgeAnswer.objects.count() < PROBLEMS // 4:
                assert child.poll() is None, "it ended before it could be killed"
                time.sleep(0.05)
        finally:
            child.kill()
            child.wait()
        kept = JudgeAnswer.objects.count()
        assert StepScore.objects.filter(model=model).count() == kept < PROBLEMS
        sent = len(asked)
        job.refresh_from_db()
        assert job.state == Job.State.RUNNING
        assert jobs.job_lost(job=job, reason="It was killed.") == Job.State.QUEUED
        job.refresh_from_db()
        assert job.max_attempts == 4, "it had saved something, so the attempt does not count"
        job = run(job)
    assert (job.state, job.result["scored"]) == (Job.State.DONE, PROBLEMS), job.error
    assert len(asked) == sent + PROBLEMS - kept, "what was kept is not asked again"
