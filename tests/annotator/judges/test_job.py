"""Scoring with a judge, from the request to the rows: complete, repeated, broken off, capped."""

from __future__ import annotations

import json
import threading
import time

import pytest
from django.db import connection

from annotator.models import (
    Job,
    JudgeAccount,
    JudgeAnswer,
    Step,
    StepScore,
    StepVerdict,
    Worker,
)
from annotator.services import jobs
from annotator.services.jobs.requests import score_request
from scoring.pipelines import judge as pipeline
from scoring.pipelines.context import JobContext
from tests.annotator.judges.data import judge_at, run, scored, scores_of
from tests.factories import JobFactory, problem_with_tree
from tests.scoring.judge.served import answer_of, write_model
from tests.scoring.judge.servers import answering, completion, judging, scripted, transformers_serve

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = 9
QUESTIONS = 5


def right_but_x(asked):
    return 200, judging(asked[-1], wrong="x")


def test_every_step_gets_a_score_and_reasons_on_the_io_queue(project, monkeypatch):
    told = []
    monkeypatch.setattr(JobContext, "progress", lambda _, *said: told.append(said[:2]))
    with answering(right_but_x) as (address, asked):
        model = judge_at(address, project, price_in=1000, price_out=10_000)
        job = score_request(model=model, user=None)
        assert job.queue == "io"
        job = run(job)
    assert job.state == Job.State.DONE, job.error
    assert scores_of(model) == dict.fromkeys("abcefg", 1.0) | {"dx": 0.0, "hx": 0.0, "i!": 1.0}
    assert (job.result["scored"], job.result["skipped"]) == (STEPS, 0)
    assert len(asked) == job.result["calls"] == QUESTIONS
    assert job.result["tokens_in"] == 100 * QUESTIONS
    assert job.result["cost"] == pytest.approx((100 * 1000 + 10 * 10_000) * QUESTIONS / 1e6)
    assert told[0] == (0, STEPS)
    assert told[-1] == (STEPS, STEPS)
    assert told == sorted(told)
    verdict = StepVerdict.objects.get(step__text="dx")
    assert (verdict.votes, verdict.reasons) == ([0.0], ["I read dx"])
    shown = "\n".join(request["messages"][1]["content"] for request in asked)
    assert shown.count("<reference>\n42\n</reference>") == 4


def test_the_next_run_and_the_next_version_pay_for_nothing_twice(project):
    with answering(right_but_x) as (address, asked):
        scored(judge_at(address, project))
        again = judge_at(address, project, parallel=1)
        job = scored(again)
        assert (len(asked), job.result["calls"], job.result["cached"]) == (QUESTIONS, 0, QUESTIONS)
        assert scores_of(again)["dx"] == 0.0
        more = judge_at(address, project, votes=3, temperature=0.5)
        job = scored(more)
        assert (job.result["calls"], job.result["cached"]) == (3 * QUESTIONS, 0)
        problem_with_tree(["j"], project=project)
        assert scored(more).result["calls"] == 3
    assert StepScore.objects.filter(model=more).count() == STEPS + 1


def test_garbage_and_refusals_are_counted_by_reason_and_the_rest_is_scored(project):
    def reply(asked):
        text = asked[-1]["messages"][1]["content"]
        if "dx" in text:
            return 200, completion("I would say it is \u0000 fine.")
        return (400, "{}") if "second" in text else right_but_x(asked)

    with answering(reply) as (address, _):
        model = judge_at(address, project, repairs=1)
        job = scored(model)
    assert job.state == Job.State.DONE, job.error
    assert set(scores_of(model)) == set("abcef")
    assert job.result["excluded"] == {
        "no vote on its path could be read": 1,
        "the server answered 400": 3,
    }
    assert job.result["failures"] == {
        "no JSON object with steps": 2,
        "the server answered 400": 1,
    }
    assert (job.result["scored"], job.result["skipped"]) == (5, 4)


def test_a_cap_stops_with_a_sentence_and_keeps_what_was_paid_for(project):
    with answering(right_but_x) as (address, asked):
        # 100 tokens read at 1 each; a question has some 1,000 characters, so 500 tokens at most.
        model = judge_at(address, project, price_in=1e6, cap=500, parallel=1)
        job = scored(model)
        assert (job.state, job.error_code) == (Job.State.FAILED, "judge_cap")
        assert "more than is left of the cap of 500" in job.error
        paid = len(asked)
        assert 0 < paid < QUESTIONS
        assert JudgeAnswer.objects.count() == paid
        assert 0 < StepScore.objects.filter(model=model).count() < STEPS
        jobs.job_resume(job=job)
        assert run(job).error_code == "judge_cap", "the same run has the same cap"
        assert len(asked) == paid
        job = scored(judge_at(address, project, price_in=1e6, cap=100_000))
        assert job.result["cached"] == paid
        assert len(asked) == QUESTIONS


def test_a_server_that_is_gone_fails_the_job_and_resume_goes_on(project):
    def reply(asked):
        return right_but_x(asked) if len(asked) != 3 else (401, '{"error": {"message": "no"}}')

    with answering(reply) as (address, asked):
        job = scored(judge_at(address, project, parallel=1))
        assert (job.state, job.error_code) == (Job.State.FAILED, "judge_endpoint")
        assert "answered 401" in job.error
        jobs.job_resume(job=job)
        job = run(job)
        assert job.state == Job.State.DONE, job.error
        assert len(asked) == QUESTIONS + 1, "what was answered is not asked again"
    assert job.result["scored"] == STEPS
    assert job.result["failures"] == {"the server answered 401": 1}


def test_who_answers_nothing_any_more_is_left_alone(project):
    for _ in range(12):
        problem_with_tree(["k"], project=project)
    with scripted(lambda _: (500, "{}")) as (address, asked):
        job = scored(judge_at(address, project, parallel=2, retries=0))
    assert (job.state, job.error_code) == (Job.State.FAILED, "judge_endpoint")
    assert "The last 10 questions were not answered" in job.error
    assert len(asked) < 14


def test_a_limit_with_a_pause_and_a_slow_answer_lose_nothing(project):
    def reply(asked):
        if len(asked) == 1:
            return 429, "{}"
        if len(asked) == 2:
            time.sleep(1.5)
        return right_but_x(asked)

    with answering(reply) as (address, asked):
        model = judge_at(address, project, parallel=1, timeout_s=1.0, retries=2)
        job = scored(model)
    assert job.state == Job.State.DONE, job.error
    assert job.result["scored"] == STEPS
    assert len(asked) == job.result["calls"] == QUESTIONS + 2


def test_cancel_breaks_off_at_once_and_resume_finishes(project):
    hold = threading.Event()

    def reply(asked):
        if len(asked) > 2:
            hold.wait(20)
        return right_but_x(asked)

    try:
        with answering(reply) as (address, asked):
            model = judge_at(address, project, parallel=1)
            job = score_request(model=model, user=None)

            def cancel():
                while len(asked) < 3:
                    time.sleep(0.02)
                Job.objects.filter(pk=job.pk).update(cancel_requested=True)
                connection.close()

            other = threading.Thread(target=cancel)
            other.start()
            job = run(job)
            other.join()
            assert job.state == Job.State.CANCELLED
            assert JudgeAnswer.objects.count() == 2
            hold.set()
            jobs.job_resume(job=job)
            job = run(job)
    finally:
        hold.set()
    assert (job.state, job.result["scored"]) == (Job.State.DONE, STEPS), job.error
    assert len(asked) == QUESTIONS + 1


def test_it_gives_way_between_problems_and_comes_back(project, monkeypatch):
    monkeypatch.setattr(pipeline, "SLICE_S", 0.0)
    monkeypatch.setattr(pipeline, "FLUSH_S", 0.0)
    worker = Worker.objects.create(kind="io", host="here", pid=1)
    with answering(right_but_x) as (address, asked):
        model = judge_at(address, project, parallel=1)
        job = score_request(model=model, user=None)
        other = JobFactory(project=project)
        job = run(job, worker=worker)
        assert (job.state, job.attempt) == (Job.State.QUEUED, 0)
        assert set(scores_of(model)) == {*"abcef", "dx"}
        other.delete()
        job = run(job, worker=worker)
    assert (job.state, job.result["scored"]) == (Job.State.DONE, STEPS), job.error
    assert len(asked) == job.result["calls"] == QUESTIONS


def test_what_was_left_out_is_asked_again_by_the_next_job_only(project, monkeypatch):
    monkeypatch.setattr(pipeline, "FLUSH_S", 0.0)
    broken = [True]

    def reply(asked):
        failing = broken and "dx" in asked[-1]["messages"][1]["content"]
        return (400, "{}") if failing else right_but_x(asked)

    with answering(reply) as (address, asked):
        model = judge_at(address, project, parallel=1)
        job = score_request(model=model, user=None)
        job = run(job, stopping=lambda: StepScore.objects.count() == STEPS - 1)
        assert job.state == Job.State.QUEUED
        account = JudgeAccount.objects.get(job=job)
        assert account.left_out == {"the server answered 400": 1}
        before = len(asked)
        broken.clear()
        job = run(job)
        assert job.state == Job.State.DONE, job.error
        assert len(asked) == before == QUESTIONS
        assert (job.result["skipped"], job.result["excluded"]) == (1, account.left_out)
        assert scored(model).result["skipped"] == 0
        assert len(asked) == before + 1
    assert Step.objects.count() == StepScore.objects.filter(model=model).count()


def test_a_served_language_model_judges_a_project(project, tmp_path):
    project.problems.get(prompt="first").delete()
    write_model(tmp_path, answer_of(1, 3, "right"))
    with transformers_serve(tmp_path) as address:
        model = judge_at(address, project, model=str(tmp_path), max_tokens=16)
        job = scored(model)
    assert job.state == Job.State.DONE, job.error
    assert scores_of(model) == {"g": 1.0, "hx": 1.0, "i!": 1.0}
    assert json.dumps(job.result).count("It follows.") == 0
    assert set(StepVerdict.objects.values_list("reasons__0", flat=True)) == {"It follows."}
