"""A gpu job has the model read edited solutions; what is asked of whom, and what comes of it."""

from __future__ import annotations

import html

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import Job, StepScore
from annotator.queries.evaluations.stored import results_of
from annotator.services.evaluations import evaluation_request
from annotator.services.jobs.requests import score_request
from scoring.evaluation.edits import EDITS
from tests.annotator.evaluations.data import evaluated, measured, model_of
from tests.annotator.pipelines.data import run, trained
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_edits_are_asked_for_by_name_of_one_model_that_can_read():
    project = measured(UserFactory.create(username="owner"), problems=2)
    known = model_of(project)
    with pytest.raises(ConflictError, match="cannot read solutions here"):
        evaluation_request(model=known, user=None, suites=["edits"])
    reader = model_of(project, "reader", kind="prm", artefact="models/1")
    with pytest.raises(InvalidError, match="of one model"):
        evaluation_request(model=reader, against=known, user=None, suites=["edits"])
    job = evaluation_request(model=reader, user=None, suites=["edits", "steps"])
    assert (job.kind, job.queue) == (Job.Kind.EDITS, "gpu")
    stored = evaluation_request(model=reader, user=None)
    assert (stored.kind, stored.queue) == (Job.Kind.EVALUATE, "io")
    assert "edits" not in dict(stored.args["suites"])


def test_the_form_offers_edits_of_models_that_can_read_only(client_for):
    owner = UserFactory.create(username="owner")
    project = measured(owner, problems=2)
    known, reader = model_of(project), model_of(project, "r", kind="prm", artefact="models/1")
    shown = {
        model: html.unescape(
            client_for(owner).get(f"/p/{project.name}/models/{model.pk}/evaluate/").content.decode()
        )
        for model in (known, reader)
    }
    assert "What is it rewarding?" not in shown[known]
    assert "What is it rewarding?" in shown[reader]


@pytest.mark.django_db(transaction=True)
def test_a_trained_model_reads_every_edit_and_nothing_of_it_is_stored():
    project = measured(problems=8)
    model = trained(project)
    assert run(score_request(model=model, user=None)).state == Job.State.DONE
    before = list(StepScore.objects.order_by("pk").values_list("step", "score"))
    evaluation = evaluated(model, suites=["edits", "steps"], part="all")
    edits, steps = results_of(evaluation=evaluation)
    found = {number["key"]: number["estimate"] for number in edits.report["numbers"]}
    for key in EDITS.keys() - {"options"}:  # generated arithmetic has none
        assert found[f"lost:{key}"]["n"] > 0
        assert found[f"moved:{key}"]["n"] > 0
        assert found[f"swapped:{key}"]["n"] > 0
    assert "lost:options" not in found
    assert any("read in 0 of 8 problems" in note for note in edits.report["notes"])
    assert found["moved:words"]["value"] > 0
    assert found["auroc"]["value"] == steps.report["numbers"][0]["estimate"]["value"]
    assert list(StepScore.objects.order_by("pk").values_list("step", "score")) == before
