"""Asking for an evaluation: by API and command; what is refused, and in which words."""

from __future__ import annotations

import json

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.management.commands import evaluate_model
from annotator.models import Evaluation, Job, Membership, RewardModel, Snapshot
from annotator.services.evaluations import aggregation_for, evaluation_request
from annotator.services.projects.projects import project_create
from scoring.evaluation import DISTANCES
from tests.annotator.api_client import Api, assert_error
from tests.annotator.commands import run_command
from tests.annotator.evaluations.data import STORED, done, evaluated, measured, model_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return UserFactory.create(username="owner")


@pytest.fixture
def project(owner):
    return measured(owner, problems=4)


def test_everything_is_chosen_by_default_with_complete_settings(project):
    model = model_of(project)
    job = evaluation_request(model=model, user=None)
    assert [key for key, _ in job.args["suites"]] == list(STORED)
    assert dict(job.args["suites"])["best_of_n"] == {"aggregation": "min", "max_n": 0}
    assert (job.args["part"], job.queue) == ("all", "io")
    other = evaluation_request(model=model, user=None, against=model_of(project, "two"))
    assert [key for key, _ in other.args["suites"]] == [*STORED, *DISTANCES]


def test_texts_of_a_form_become_numbers_and_go_to_the_suites_that_have_them(project):
    job = evaluation_request(
        model=model_of(project),
        user=None,
        suites=["processbench", "calibration", "calibration_outcome"],
        settings={"threshold": "0.4", "bins": "7"},
    )
    chosen = dict(job.args["suites"])
    assert chosen["processbench"] == {"threshold": 0.4}
    assert chosen["calibration"] == {"bins": 7}
    assert chosen["calibration_outcome"] == {"aggregation": "min", "bins": 7}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"suites": ["nope"]}, "suites"),
        ({"suites": ["starc"]}, "suites"),
        ({"settings": {"nope": "1"}}, "nope"),
        ({"suites": ["steps"], "settings": {"bins": "3"}}, "bins"),
        ({"settings": {"bins": "many"}}, "bins"),
        ({"settings": {"bins": "2.5"}}, "bins"),
        ({"settings": {"aggregation": "best"}}, "aggregation"),
        ({"part": "half"}, "part"),
    ],
)
def test_what_does_not_exist_is_refused_by_name_and_nothing_is_queued(project, asked, field):
    with pytest.raises(InvalidError) as refused:
        evaluation_request(model=model_of(project), user=None, **asked)
    assert field in refused.value.fields
    assert not Job.objects.filter(kind=Job.Kind.EVALUATE).exists()


def test_models_that_cannot_be_measured_are_refused(project, owner):
    model = model_of(project)
    silent = RewardModel.objects.create(project=project, name="silent", kind="prm", ready=True)
    with pytest.raises(ConflictError) as refused:
        evaluation_request(model=silent, user=None)
    assert refused.value.code == "no_scores"
    raw = RewardModel.objects.create(project=project, name="raw", kind="prm")
    with pytest.raises(ConflictError, match="not trained yet"):
        evaluation_request(model=model, against=raw, user=None)
    with pytest.raises(InvalidError, match="Choose another model"):
        evaluation_request(model=model, against=model, user=None)
    away = measured(owner, name="Away", problems=1)
    with pytest.raises(InvalidError, match="another project"):
        evaluation_request(model=model, against=model_of(away), user=None)
    frozen = Snapshot.objects.create(project=away, name="s")
    with pytest.raises(InvalidError, match="snapshot belongs to another"):
        evaluation_request(model=model, snapshot=frozen, user=None)


@pytest.mark.parametrize(
    ("kinds", "rule"),
    [(["prm"], "min"), (["orm"], "last"), (["orm", "prm"], "min"), (["imported"], "min")],
)
def test_how_step_scores_become_one_follows_what_a_model_learnt_from(kinds, rule):
    assert aggregation_for([RewardModel(kind=kind) for kind in kinds]) == rule


def test_api_starts_lists_and_reads(project, owner):
    api = Api(owner)
    model, other = model_of(project), model_of(project, "other", seed=5)
    answer = api("post", f"models/{model.pk}/evaluations/", {"suites": ["steps"]})
    assert answer.status_code == 202
    job = done(Job.objects.get(pk=answer.json()["id"]))
    pk = job.result["evaluation"]
    compared = evaluated(other, against=model, suites=["starc"])
    listed = api("get", f"evaluations/?project={project.name}").json()["results"]
    assert [row["id"] for row in listed] == [compared.pk, pk]
    mine = api("get", f"evaluations/?project={project.name}&model={other.pk}").json()["results"]
    assert [row["id"] for row in mine] == [compared.pk]
    found = api("get", f"evaluations/{pk}/").json()
    assert found["changes"] == []
    assert found["suites"] == [{"suite": "steps", "settings": {}}]
    (result,) = found["results"]
    assert result["report"]["numbers"][0]["protocol"] == result["protocol"]


def test_api_refuses_in_its_shape(project, owner):
    api = Api(owner)
    model = model_of(project)
    wrong = api("post", f"models/{model.pk}/evaluations/", {"suites": ["nope"]})
    assert_error(wrong, 422, "invalid")
    away = project_create(name="Away", owner=owner)
    other = RewardModel.objects.create(project=away, name="m", kind="prm", ready=True)
    answer = api("post", f"models/{model.pk}/evaluations/", {"against": other.pk})
    assert_error(answer, 404, "not_found")


def test_an_evaluation_that_is_not_finished_is_not_there(project, owner):
    evaluation = evaluated(model_of(project), suites=["steps"])
    Evaluation.objects.update(ready=False)
    assert_error(Api(owner)("get", f"evaluations/{evaluation.pk}/"), 404, "not_found")


@pytest.mark.parametrize("role", ["viewer", "annotator"])
def test_numbers_made_of_others_labels_are_for_reviewers_even_where_scores_show(project, role):
    evaluation = evaluated(model_of(project), suites=["steps"])
    project.show_scores = True
    project.save()
    person = UserFactory.create()
    Membership.objects.create(project=project, user=person, role=role)
    assert_error(Api(person)("get", f"evaluations/{evaluation.pk}/"), 403, "forbidden")
    assert_error(Api(person)("get", f"evaluations/?project={project.name}"), 403, "forbidden")


@pytest.mark.django_db(transaction=True)
def test_the_command_waits_and_tells_the_numbers(project, capsys):
    model_of(project, leave=2)
    model_of(project, "other", seed=2)
    call = ("--project", project.name, "--model", "scorer")
    status, answer = run_command(
        evaluate_model, *call, "--suite", "steps", "--suite", "best_of_n",
        "--set", "aggregation=mean", "--wait",
    )  # fmt: skip
    assert (status, answer["state"]) == (0, "done"), answer
    assert [result["suite"] for result in answer["results"]] == ["steps", "best_of_n"]
    assert answer["counts"]["steps_without_a_score"] == [2]
    assert answer["results"][1]["report"]["protocol"]["params"]["aggregation"] == "mean"
    status, answer = run_command(evaluate_model, *call, "--against", "other", "--suite", "epic")
    assert (status, answer["state"], answer["evaluation"]) == (0, "queued", None)
    status, answer = run_command(evaluate_model, *call, "--suite", "nope")
    assert (status, answer["error"]["code"]) == (2, "invalid")
    json.dumps(answer)
