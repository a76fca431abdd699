"""A gpu job has the model read its solutions once more; what is asked of whom, and what is probed."""

from __future__ import annotations

import html

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import Job, StepScore
from annotator.queries.evaluations.stored import results_of
from annotator.services.evaluations import evaluation_request
from annotator.services.jobs.requests import score_request
from tests.annotator.evaluations.data import evaluated, measured, model_of
from tests.annotator.pipelines.data import run, trained
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_probes_are_asked_for_by_name_of_one_model_that_was_trained_here():
    project = measured(UserFactory.create(username="owner"), problems=2)
    known = model_of(project)
    judge = model_of(project, "judge", kind="judge", artefact="models/2")
    added = model_of(project, "added", kind="special_token", artefact="models/3")
    for model, reason in (
        (known, "cannot read solutions here"),
        (judge, "cannot read solutions here"),
        (added, "was not trained here"),
    ):
        with pytest.raises(ConflictError, match=reason):
            evaluation_request(model=model, user=None, suites=["probing"])
    reader = model_of(project, "reader", kind="prm", artefact="models/1")
    with pytest.raises(InvalidError, match="of one model"):
        evaluation_request(model=reader, against=known, user=None, suites=["probing"])
    job = evaluation_request(model=reader, user=None, suites=["probing"])
    assert (job.kind, job.queue) == (Job.Kind.EDITS, "gpu")
    assert dict(job.args["suites"])["probing"] == {"min_labels": 40, "components": 256}
    assert "probing" not in dict(evaluation_request(model=reader, user=None).args["suites"])


def test_the_form_offers_probes_of_models_that_were_trained_here_only(client_for):
    owner = UserFactory.create(username="owner")
    project = measured(owner, problems=2)
    kinds = {"imported": "", "special_token": "models/2", "prm": "models/1"}
    shown = {
        kind: html.unescape(
            client_for(owner)
            .get(
                f"/p/{project.name}/models/"
                f"{model_of(project, kind, kind=kind, artefact=artefact).pk}/evaluate/"
            )
            .content.decode()
        )
        for kind, artefact in kinds.items()
    }
    assert [kind for kind in kinds if "Probes of the states" in shown[kind]] == ["prm"]
    assert [kind for kind in kinds if "Edited solutions" in shown[kind]] == ["special_token", "prm"]


@pytest.mark.django_db(transaction=True)
def test_a_trained_model_is_probed_beside_its_stored_scores():
    project = measured(problems=16)
    model = trained(project)
    assert run(score_request(model=model, user=None)).state == Job.State.DONE
    before = list(StepScore.objects.order_by("pk").values_list("step", "score"))
    evaluation = evaluated(model, suites=["probing", "steps"], part="all")
    probing, steps = results_of(evaluation=evaluation)
    assert probing.reason == ""
    found = {number["key"]: number for number in probing.report["numbers"]}
    auroc = found["auroc:step_right"]
    assert auroc["estimate"]["n"] == steps.report["numbers"][0]["estimate"]["n"]
    assert auroc["estimate"]["value"] is not None
    assert set(auroc["baselines"]) == {"length", "format"}
    same = steps.report["numbers"][0]["estimate"]["value"]
    assert found["reward:step_right"]["estimate"]["value"] == pytest.approx(same)
    assert found["lean:step_right"]["estimate"]["n"] == len(before)
    assert "cosine_step_right" in probing.report["fitted"]
    assert list(StepScore.objects.order_by("pk").values_list("step", "score")) == before
