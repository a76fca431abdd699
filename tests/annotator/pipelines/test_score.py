"""Scoring jobs from end to end: complete, repeated, killed, of new problems."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from annotator.models import Job, Step, StepScore, TokenScore
from annotator.queries.trees.columns import tree_of
from annotator.services import jobs
from annotator.services.jobs.requests import score_request
from annotator.services.models.scores import step_scores_store
from annotator.views.pages.jobs.rows import JobRow
from scoring.pipelines import score
from scoring.reward import load
from scoring.reward.scores import Part
from scoring.samples import arithmetic
from scoring.supervisor import Supervisor
from tests.annotator.pipelines.data import TINY, filled, job_folder, run, trained

pytestmark = pytest.mark.django_db(transaction=True)


def test_train_then_score_gives_every_step_a_score_and_tokens_that_add_up(project):
    model = trained(project)
    assert model.ready
    assert model.snapshot.rules["include_machine"]
    job = run(score_request(model=model, user=None))
    assert job.state == Job.State.DONE, job.error
    steps = Step.objects.filter(problem__project=project)
    assert job.result["scored"] == steps.count() > 0
    assert job.result["skipped"] == 0
    problem = project.problems.first()
    tree = tree_of(problem=problem)
    scores = dict(StepScore.objects.filter(model=model).values_list("step_id", "score"))
    plain = load(job_folder(model)).score_plain(problem.prompt, tree)
    for position, step in enumerate(tree.ids[1:], start=1):
        assert scores[step] == pytest.approx(float(plain.step[position]), abs=1e-4)
    for token in TokenScore.objects.filter(model=model, step__problem=problem):
        running = np.frombuffer(token.running, "<f4")
        ends = np.frombuffer(token.ends, "<i4")
        parent = token.step.parent_id
        assert ends[-1] == len(token.step.text)
        assert running[-1] == pytest.approx(scores[token.step_id], abs=1e-5)
        if parent is not None:
            assert token.start == pytest.approx(scores[parent], abs=1e-5)


def test_scoring_goes_on_where_it_stopped(project, monkeypatch):
    model = trained(project)
    monkeypatch.setattr(score, "FLUSH_STEPS", 1)
    job = score_request(model=model, user=None)
    count = iter(range(1000))
    assert run(job, stopping=lambda: next(count) >= 2).state == Job.State.QUEUED
    job.refresh_from_db()
    assert job.max_attempts == 4, "what was stored is kept, so the attempt does not count"
    first = set(StepScore.objects.values_list("pk", flat=True))
    assert 0 < len(first) < Step.objects.count()
    assert run(job).state == Job.State.DONE
    assert first <= set(StepScore.objects.values_list("pk", flat=True))
    assert StepScore.objects.count() == Step.objects.count()


def scores_of(model):
    return dict(StepScore.objects.filter(model=model).values_list("step_id", "score"))


def tokens_of(model):
    rows = TokenScore.objects.filter(model=model)
    return {row.step_id: (row.start, bytes(row.ends), bytes(row.running)) for row in rows}


@pytest.mark.slow
def test_a_child_killed_while_it_stores_scores_loses_none_and_doubles_none(project):
    model = trained(project)
    run(score_request(model=model, user=None))
    steps, tokens = scores_of(model), tokens_of(model)
    assert len(steps) == len(tokens) == Step.objects.count()
    TokenScore.objects.all().delete()
    StepScore.objects.all().delete()
    job = score_request(model=model, user=None)
    Job.objects.filter(pk=job.pk).update(args={**job.args, "mode": "score_killed_once"})
    supervisor = Supervisor(command=(sys.executable, "-m", "tests.scoring.stub_worker"))
    try:
        supervisor.run(jobs.job_claim(job_id=job.pk, worker=None))
        job.refresh_from_db()
        assert (job.state, job.max_attempts) == (Job.State.QUEUED, 4), job.error
        kept = scores_of(model)
        problems = Step.objects.filter(pk__in=kept).values("problem").distinct()
        assert (problems.count(), set(tokens_of(model))) == (2, set(kept))
        supervisor.run(jobs.job_claim(job_id=job.pk, worker=None))
    finally:
        supervisor.kill()
    job.refresh_from_db()
    assert (job.state, job.result["scored"]) == (Job.State.DONE, len(steps)), job.error
    assert StepScore.objects.count() == TokenScore.objects.count() == len(steps)
    assert scores_of(model) == pytest.approx(steps, abs=1e-6)
    assert tokens_of(model).keys() == tokens.keys()


def test_new_problems_are_scored_and_the_others_left_alone(project, monkeypatch):
    model = trained(project)
    run(score_request(model=model, user=None))
    old = set(StepScore.objects.values_list("step_id", flat=True))
    filled(project, arithmetic(99, 1))
    stored = []

    def spy(*, model, rows, parts):
        stored.extend(rows)
        return step_scores_store(model=model, rows=rows, parts=parts)

    monkeypatch.setattr(score, "step_scores_store", spy)
    job = run(score_request(model=model, user=None))
    assert job.result["scored"] == Step.objects.count() > len(old)
    assert {step for step, _ in stored} == set(
        Step.objects.exclude(pk__in=old).values_list("pk", flat=True)
    )


def test_steps_beyond_the_context_are_counted_under_one_reason(project):
    model = trained(project, settings={**TINY, "tiny_context": "64"})
    job = run(score_request(model=model, user=None))
    left = Step.objects.count() - StepScore.objects.count()
    assert left > 0
    reason = "its path is longer than the 64 tokens that the model reads"
    assert job.result["excluded"] == {reason: left}
    assert job.result["skipped"] == left


def test_what_is_no_number_is_left_out_and_counted_and_the_rest_is_stored(project, monkeypatch):
    model = trained(project)
    real = score.model_loaded

    class Broken:
        """Gives one step in three no score and the first token of every other one no reward."""

        def __init__(self, loaded):
            self.loaded, self.facts = loaded, loaded.facts

        def score_many(self, items):
            for found in self.loaded.score_many(items):
                step = found.step.copy()
                step[1::3] = np.inf
                for tokens in found.tokens.values():
                    tokens.running[0] = np.nan
                yield replace(found, step=step)

    monkeypatch.setattr(score, "model_loaded", lambda row: Broken(real(row)))
    job = run(score_request(model=model, user=None))
    assert job.state == Job.State.DONE, job.error
    left = Step.objects.count() - StepScore.objects.count()
    assert left > 0
    assert job.result["excluded"] == {score.NO_NUMBER: left}
    stored = [np.frombuffer(bytes(row.running), "<f4") for row in TokenScore.objects.all()]
    missing = sum(int(np.isnan(one).sum()) for one in stored)
    assert job.result["tokens_without_number"] == missing == len(stored) > 0
    assert ("tokens without number", missing) in JobRow(job).facts
    assert all(np.isfinite(one[1:]).all() for one in stored)


def test_a_step_whose_parts_are_no_numbers_keeps_its_score(project, monkeypatch):
    model = trained(project)
    real = score.model_loaded

    class Broken:
        def __init__(self, loaded):
            self.loaded, self.facts = loaded, loaded.facts

        def score_many(self, items):
            for found in self.loaded.score_many(items):
                values = found.step.copy()
                values[2::2] = np.nan
                yield replace(found, parts={"x": Part(values, "probability")})

    monkeypatch.setattr(score, "model_loaded", lambda row: Broken(real(row)))
    job = run(score_request(model=model, user=None))
    assert job.state == Job.State.DONE, job.error
    assert StepScore.objects.count() == Step.objects.count()
    without = StepScore.objects.filter(parts=None).count()
    assert job.result["steps_without_parts"] == without > 0
