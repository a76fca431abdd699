"""What a judge said and used, on pages and at the command line, and who may read it."""

from __future__ import annotations

import pytest

from annotator.management.commands import add_reward_model, score_traces
from annotator.models import Job, Membership, RewardModel, Step
from annotator.services.judgements.labels import label_set
from tests.annotator.api_client import Api, assert_error
from tests.annotator.commands import run_command
from tests.annotator.judges.data import judge_at, scored
from tests.factories import MembershipFactory
from tests.scoring.judge.servers import answering, completion, judging

pytestmark = pytest.mark.django_db(transaction=True)
Role = Membership.Role


def right_but_x(asked):
    return 200, judging(asked[-1], wrong="x")


def one_garbled(asked):
    garbled = "second" in asked[-1]["messages"][1]["content"]
    return (200, completion("Hm.")) if garbled else right_but_x(asked)


@pytest.fixture
def model(project):
    with answering(one_garbled) as (address, _):
        model = judge_at(address, project, price_in=1e6, repairs=0)
        assert scored(model).state == Job.State.DONE
    return model


def member(project, role):
    return MembershipFactory(project=project, role=role).user


def inspected(client, step):
    problem = step.problem
    address = f"/p/{problem.project.name}/problems/{problem.pk}/?step={step.pk}&tab=credit"
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_inspector_shows_votes_and_reasons_as_text(project, client_for):
    with answering(lambda asked: (200, judging(asked[-1], wrong="<b>"))) as (address, _):
        Step.objects.filter(text="dx").update(text="<b>d</b>")
        scored(judge_at(address, project, votes=2, temperature=1.0))
    page = inspected(client_for(member(project, Role.REVIEWER)), Step.objects.get(text="<b>d</b>"))
    assert page.count("I read &lt;b&gt;d&lt;/b&gt;") == 2
    assert "<b>d</b>" not in page
    assert "a language model, not a person" in page


def test_reasons_open_to_annotators_with_the_scores_and_to_viewers_never(
    project, model, client_for
):
    steps = {step.text: step for step in Step.objects.all()}
    user = member(project, Role.ANNOTATOR)
    annotator, viewer = client_for(user), client_for(member(project, Role.VIEWER))
    said = "I read dx"
    assert said not in inspected(annotator, steps["dx"])
    assert said in inspected(client_for(member(project, Role.REVIEWER)), steps["dx"])
    label_set(step=steps["dx"], user=user, rating=-1)
    assert said in inspected(annotator, steps["dx"])
    assert "I read c" not in inspected(annotator, steps["c"])
    assert said not in inspected(viewer, steps["dx"])
    project.show_scores = True
    project.save()
    assert said in inspected(viewer, steps["dx"])


def test_the_models_page_and_the_jobs_page_show_what_was_used_to_reviewers(
    project, model, client_for
):
    job = Job.objects.get(args__model=model.pk)
    pages = (f"/p/{project.name}/models/{model.pk}/", f"/p/{project.name}/jobs/{job.pk}/")
    reviewer, viewer = (client_for(member(project, role)) for role in (Role.REVIEWER, Role.VIEWER))
    for page in pages:
        shown = " ".join(reviewer.get(page).content.decode().split())
        assert "What it used" in shown
        for name, value in (
            ("Calls", "5"),
            ("Tokens read", "500"),
            ("Cost, by the prices given", "500"),
            ("Failed: no JSON object with steps", "1"),
        ):
            assert f'{name}</th><td class="num">{value}</td>' in shown, name
        assert "What it used" not in viewer.get(page).content.decode()
    assert "no vote on its path could be read" in reviewer.get(pages[1]).content.decode()
    assert "No io worker is running" in reviewer.get(pages[0]).content.decode()


def test_the_api_gives_votes_with_scores_to_whoever_sees_all_scores(project, model):
    api = Api(member(project, Role.REVIEWER))
    answer = api("get", f"scores/?model={model.pk}")
    assert answer.status_code == 200, answer.content
    found = {row["step"]: row for row in answer.json()["results"]}
    row = found[Step.objects.get(text="dx").pk]
    assert (row["score"], row["votes"]) == (0.0, [{"vote": 0.0, "reason": "I read dx"}])
    other = Api(member(project, Role.ANNOTATOR))
    assert_error(other("get", f"scores/?model={model.pk}"), 403, "forbidden")


def test_a_judge_is_added_and_asked_at_the_command_line(project):
    with answering(one_garbled) as (address, asked):
        status, told = run_command(
            add_reward_model, "--project", "judged", "--kind", "judge", "--name", "strict",
            "--set", f"endpoint={address}", "--set", "model=m", "--set", "principle=Be strict.",
        )  # fmt: skip
        assert (status, told["model"]) == (0, "strict"), told
        status, told = run_command(
            score_traces, "--project", "judged", "--model", "strict", "--wait"
        )
    assert (status, told["state"]) == (0, "done"), told
    assert (told["scored"], told["skipped"]) == (6, 3)
    assert (told["calls"], told["cached"], told["cost"]) == (6, 0, 0.0)
    assert told["failures"] == {"no JSON object with steps": 2}
    assert "Be strict." in asked[0]["messages"][0]["content"]


def test_a_judge_is_added_in_the_browser(project, client_for):
    owner = client_for(member(project, Role.OWNER))
    form = owner.get("/p/judged/models/?kind=judge").content.decode()
    assert "principle" in form
    with answering(right_but_x) as (address, _):
        answer = owner.post(
            "/p/judged/models/",
            {
                "add": "1",
                "kind": "judge",
                "endpoint": address,
                "model": "m",
                "name": "j",
                "votes": "1",
            },
        )
        assert answer.status_code == 302, answer.content.decode()
    model = RewardModel.objects.get()
    assert model.config["endpoint"] == address
    assert answer["Location"].endswith(f"/models/{model.pk}/")
