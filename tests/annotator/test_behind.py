"""How far a model is behind: the page, the API and the command tell the same numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from annotator.management.commands import list_reward_models
from annotator.models import JudgementEvent, Problem, RewardModel, Snapshot, StepScore
from annotator.queries import staleness
from annotator.services.judgements.labels import label_set
from annotator.services.projects.projects import project_create
from scoring.errors import UnknownNameError
from tests.annotator.api_client import Api
from tests.annotator.commands import run_command
from tests.factories import MembershipFactory, problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    """Two versions; the first scored three of four steps, and two judgements came after its snapshot."""
    made = project_create(name="old")
    problem = problem_with_tree(["a", ["b!"], ["c"], ["d"]], project=made)
    steps = list(problem.steps.all())
    Problem.objects.filter(pk=problem.pk).update(n_steps=len(steps))
    before = Snapshot.objects.create(project=made, name="before", hash="0" * 64)
    for version in (1, 2):
        RewardModel.objects.create(
            project=made, name="m", version=version, kind="prm", ready=True,
            snapshot=before if version == 1 else None,
        )  # fmt: skip
    RewardModel.objects.create(project=made, name="young", kind="prm")
    user = MembershipFactory(project=made, role="annotator").user
    for step in steps[:2]:
        label_set(step=step, user=user, rating=1)
    # In one transaction every row has the same time.
    first = JudgementEvent.objects.earliest("created").created
    Snapshot.objects.update(created=first - timedelta(seconds=1))
    rows = [StepScore(step=step, model=model(1), score=0.5) for step in steps[:3]]
    StepScore.objects.bulk_create(rows)
    return made


def model(version):
    return RewardModel.objects.get(name="m", version=version)


def expected():
    return {
        "judgements": 2,
        "more_judgements": False,
        "newer": model(2).pk,
        "newer_version": 2,
        "unscored": 1,
        "words": "trained before 2 judgements, v2 is newer",
    }


NEW = {
    "judgements": 0,
    "more_judgements": False,
    "newer": None,
    "newer_version": None,
    "unscored": None,
    "words": "",
}


def test_the_api_tells_reviewers_what_the_page_shows(project, client_for):
    person = MembershipFactory(project=project, role="reviewer").user
    api = Api(person)
    assert api("get", f"models/{model(1).pk}/").json()["behind"] == expected()
    listed = api("get", "models/?project=old").json()["results"]
    told = {(row["name"], row["version"]): row["behind"] for row in listed}
    assert told == {("m", 1): expected(), ("m", 2): NEW, ("young", 1): None}
    shown = client_for(person).get(f"/p/old/models/{model(1).pk}/").content.decode()
    assert "Trained before 2 judgements" in shown
    assert "1 step has no score of it; scoring again scores only it." in shown
    assert expected()["words"] in client_for(person).get("/p/old/models/").content.decode()


def test_whoever_does_not_review_is_told_nothing(project):
    api = Api(MembershipFactory(project=project, role="annotator").user)
    assert api("get", f"models/{model(1).pk}/").json()["behind"] is None
    assert {row["behind"] for row in api("get", "models/?project=old").json()["results"]} == {None}


def test_the_page_says_which_models_score_problems_as_a_whole(project, client_for):
    config = {"kind": "listwise", "model": {"reading": "sequence"}}
    RewardModel.objects.filter(pk=model(1).pk).update(kind="listwise", config=config)
    person = MembershipFactory(project=project, role="owner").user
    shown = client_for(person).get(f"/p/old/models/{model(1).pk}/").content.decode()
    assert "scores their problems as a whole" in shown


def test_more_judgements_than_are_counted_are_said_to_be_more(project, monkeypatch):
    monkeypatch.setattr(staleness, "MOST", 1)
    told = staleness.behind(project=project, models=[model(1)])[model(1).pk].to_dict()
    assert (told["judgements"], told["more_judgements"]) == (1, True)
    assert told["words"].startswith("trained before more than 1 judgement")


def test_the_command_lists_the_same(project):
    answer = list_reward_models.Command().answer({"project": "OLD"})
    rows = {(row["model"], row["version"]): row["behind"] for row in answer.data["models"]}
    assert rows == {("m", 1): expected(), ("m", 2): NEW, ("young", 1): None}
    assert answer.lines == [
        "young v1 (prm): not trained yet",
        "m v2 (prm): has scored nothing",
        "m v1 (prm): trained before 2 judgements, v2 is newer, 1 step without a score",
    ]
    with pytest.raises(UnknownNameError, match="old"):
        list_reward_models.Command().answer({"project": "none"})


@pytest.mark.django_db(transaction=True)
def test_the_command_answers_with_one_object(project):
    status, told = run_command(list_reward_models, "--project", "old")
    assert (status, len(told["models"])) == (0, 3)
    status, told = run_command(list_reward_models, "--project", "none")
    assert (status, "old" in told["error"]["message"]) == (2, True)


def test_the_numbers_take_the_same_queries_for_many_models(project, django_assert_num_queries):
    with django_assert_num_queries(5):
        staleness.behind(project=project, models=RewardModel.objects.all())  # and the models
