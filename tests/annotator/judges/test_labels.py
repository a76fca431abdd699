"""A judge's verdicts as labels: of a rater of kind model, only where asked for, open like its scores."""

from __future__ import annotations

import pytest

from annotator.errors import InvalidError
from annotator.management.commands import score_traces
from annotator.models import Job, JudgementEvent, Membership, Project, Rater, Step, StepLabel
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_undo
from annotator.services.jobs.requests import score_request
from annotator.services.judgements.labels import label_set
from annotator.services.models.reward_models import reward_model_create, reward_model_ready
from tests.annotator.api_client import Api, assert_error
from tests.annotator.commands import run_command
from tests.annotator.judges.data import judge_at, run, scored
from tests.factories import MembershipFactory
from tests.scoring.judge.servers import answering, judging

pytestmark = pytest.mark.django_db(transaction=True)
WANTED = dict.fromkeys("abceg", 1) | {"dx": -1, "hx": -1, "i!": 1}
"""All steps but f, of which the judge is unsure."""


def reply(asked):
    said = judging(asked[-1], wrong="x")
    return 200, said.replace("right", "unsure") if "I read f" in said else said


@pytest.fixture
def model(project):
    """A judge that finds x wrong and is unsure of f; it has not been asked yet."""
    with answering(reply) as (address, _):
        yield judge_at(address, project, name="strict")


def labelled(**where):
    rows = StepLabel.objects.filter(**where)
    return dict(rows.values_list("step__text", "rating"))


def test_verdicts_become_labels_of_a_model_only_where_asked_for(project, model):
    assert "labels" not in scored(model).result
    assert not StepLabel.objects.exists()
    job = run(score_request(model=model, user=None, labels=True))
    assert (job.state, job.result["labels"]) == (Job.State.DONE, 8), job.error
    rater = Rater.objects.get()
    assert (rater.kind, rater.name, rater.version) == ("model", "strict", "1")
    assert labelled(rater=rater) == WANTED
    assert run(score_request(model=model, user=None, labels=True)).result["labels"] == 0
    assert JudgementEvent.objects.count() == 8
    problem = project.problems.get(prompt="first")
    rebuilt = judgements_rebuild(project=project)  # the factory's outcomes have no events
    assert (rebuilt.rows, rebuilt.missing, rebuilt.different) == (8, 0, 0)
    assert labelled(rater=rater) == WANTED
    assert problem.events.filter(user=None).count() == 5


def test_labels_of_a_judge_open_with_judging_and_are_nobodys_to_undo(project, model, client_for):
    run(score_request(model=model, user=None, labels=True))
    problem = project.problems.get(prompt="first")
    step = Step.objects.get(text="dx")
    user = MembershipFactory(project=project, role=Membership.Role.ANNOTATOR).user
    viewer = MembershipFactory(project=project, role=Membership.Role.VIEWER).user
    tab = f"/p/judged/problems/{problem.pk}/?step={step.pk}&tab=labels"

    def shown(person):
        client = client_for(person)
        marks = client.get(f"/p/judged/problems/{problem.pk}/tree.json").json()["given"]
        return "strict" in client.get(tab).content.decode(), marks

    assert shown(user) == (False, [[], []])
    assert shown(viewer) == (False, [[], []])
    label_set(step=step, user=user, rating=1)
    assert shown(user)[0]
    judgement_undo(problem=problem, user=user)
    assert judgement_undo(problem=problem, user=user) is None
    assert labelled() == WANTED


def test_labels_are_asked_for_by_command_api_and_page(project, model, client_for):
    with answering(reply) as (address, _):
        judge_at(address, project, name="other")
        status, told = run_command(
            score_traces, "--project", "judged", "--model", "other", "--labels", "--wait"
        )
    assert (status, told["labels"]) == (0, 8), told
    user = MembershipFactory(project=project, role=Membership.Role.REVIEWER).user
    body = {"project": "judged", "kind": "score", "model": model.pk, "labels": True}
    answer = Api(user)("post", "jobs/", body)
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(pk=answer.json()["id"])
    assert (job.kind, job.args["labels"]) == ("scoring.judge", True)
    job.delete()
    address = f"/p/judged/models/{model.pk}/"
    assert 'name="labels"' in client_for(user).get(address).content.decode()
    client_for(user).post(f"{address}score/", {"labels": "1"})
    assert Job.objects.latest("pk").args["labels"] is True


def test_only_judges_make_labels(project):
    row = reward_model_create(project=project, name="trained", kind="prm")
    row = reward_model_ready(model=row, artefact="models/0", metrics={}, provenance={})
    with pytest.raises(InvalidError, match="Only a judge's verdicts can become labels"):
        score_request(model=row, user=None, labels=True)
    user = MembershipFactory(project=Project.objects.get(), role=Membership.Role.REVIEWER).user
    body = {"project": "judged", "kind": "score", "model": row.pk, "labels": True}
    assert_error(Api(user)("post", "jobs/", body), 422, "invalid")
