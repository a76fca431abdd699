"""A gpu job takes a path apart; asked for by those who may, once."""

from __future__ import annotations

from functools import partial

import pytest

from annotator.errors import ConflictError
from annotator.models import Attribution, FaithfulnessCard, Job, Step
from annotator.queries.attribution.path import path_of
from annotator.queries.attribution.stored import digest_of, found_of
from annotator.queries.attribution.usable import card_digest, cards_of
from annotator.services.models.attributions import (
    attribution_estimate,
    attribution_request,
    faithfulness_request,
)
from scoring.attribution.faithfulness.base import CARD_VERSION
from scoring.attribution.faithfulness.planted import plant
from scoring.errors import ParameterError, UnknownNameError
from scoring.samples.arithmetic import arithmetic
from tests.annotator.pipelines.data import filled, run, trained
from tests.factories import ProjectFactory


@pytest.fixture
def asked(transactional_db):
    """Return a trained model and the end of a path."""
    project = filled(ProjectFactory.create(), arithmetic(1, 8))
    model = trained(project)
    end = Step.objects.filter(problem__project=project, traces__isnull=False).first()
    return model, end


def test_a_model_is_taken_apart_and_what_it_said_is_kept(asked):
    model, end = asked
    job = attribution_request(model=model, end=end, method="closed_prefix", params={}, user=None)
    assert (job.kind, job.queue) == (Job.Kind.ATTRIBUTE, "gpu")
    with pytest.raises(ConflictError, match="does this already"):
        attribution_request(model=model, end=end, method="closed_prefix", params={}, user=None)
    done = run(job)
    assert done.state == Job.State.DONE, done.error
    stored = Attribution.objects.get()
    found = found_of(stored=stored)
    path = path_of(end=end)
    assert stored.texts == path.hash
    assert len(found.per_step) == len(path.steps)
    assert found.total == pytest.approx(found.value - found.baseline_value, abs=1e-4)
    assert done.result["forwards"] == found.spent.forwards >= 1
    assert done.result["badge"] == "ok"


def test_what_cannot_be_is_refused_before_it_waits(asked):
    model, end = asked
    call = {"model": model, "end": end, "user": None}
    with pytest.raises(UnknownNameError, match="running_reward"):
        attribution_request(**call, method="tea_leaves", params={})
    with pytest.raises(ParameterError, match="start"):
        attribution_request(**call, method="integrated_gradients", params={"start": 0})
    with pytest.raises(ConflictError, match="no heads by criterion"):
        attribution_request(**call, method="objective_split", params={})
    assert not Job.objects.filter(kind=Job.Kind.ATTRIBUTE).exists()


def test_an_estimate_needs_no_job(asked):
    model, _ = asked
    found = attribution_estimate(
        model=model, method="integrated_gradients", tokens=100, steps=5, params={}
    )
    assert found is not None
    assert found.backwards >= 32
    assert found.memory_bytes > 0


def test_a_path_that_is_gone_is_a_reason(asked):
    model, end = asked
    job = attribution_request(model=model, end=end, method="running_reward", params={}, user=None)
    job.args["end"] = 2**40
    job.save()
    done = run(job)
    assert (done.state, done.error_code) == (Job.State.FAILED, "not_found")


def test_a_method_is_tried_on_paths_of_the_project(asked, monkeypatch):
    model, _ = asked
    few = partial(plant, updates=40, examples=2)
    monkeypatch.setattr("scoring.pipelines.faithful.planted_model", few)
    monkeypatch.setattr("scoring.pipelines.faithful.PATHS", 3)
    job = faithfulness_request(model=model, method="running_reward", user=None)
    done = run(job)
    assert done.state == Job.State.DONE, done.error
    card = FaithfulnessCard.objects.get()
    assert cards_of(model=model) == {"running_reward": card}
    assert (card.facts["card"], card.facts["params"]) == (CARD_VERSION, {"output": "value"})
    digest = digest_of(method="running_reward", version=card.version, params={"output": "value"})
    assert card_digest(card) == digest
    assert card.passed == done.result["passed"]
    checks = {check["key"]: check for check in card.checks}
    assert checks["completeness"]["passed"] is True
    assert {"deletion", "insertion", "randomised", "planted_additive"} <= set(checks)
    assert {"trend_position", "trend_length", "planted_position", "planted_length"} <= set(checks)
    assert not [key for key, check in checks.items() if check["label"] == key]  # all have words
    assert [key for key, check in checks.items() if check["passed"] is False] == done.result[
        "failed"
    ]
    assert done.result["paths"] == 3
