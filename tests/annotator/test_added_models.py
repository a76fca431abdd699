"""Models that score without being trained: added by page, API and command, then scored as any other."""

from __future__ import annotations

import json

import pytest

from annotator.management.commands import add_reward_model
from annotator.models import (
    Job,
    Membership,
    Problem,
    Project,
    RewardModel,
    Step,
    StepScore,
    TokenScore,
)
from annotator.queries.trees.columns import tree_of
from annotator.services.artefacts import artefact_folder
from annotator.services.jobs.requests import score_request
from annotator.services.models.added import reward_model_add
from annotator.services.projects.projects import project_create
from scoring.reward import load
from scoring.reward.scorer import Item
from scoring.samples import arithmetic
from tests.annotator.api_client import Api, assert_error
from tests.annotator.commands import run_command
from tests.annotator.pipelines.data import filled, run
from tests.annotator.test_training_base import base_folder
from tests.factories import MembershipFactory, ProjectFactory

pytestmark = pytest.mark.django_db
# A command closes its connections when it ends; a job has several.
with_commits = pytest.mark.django_db(transaction=True)
HUB = {"model": "owner/name"}


@pytest.fixture
def reviewer():
    """Somebody who reviews the project ``Ours``."""
    return MembershipFactory(
        project=ProjectFactory(name="Ours"), role=Membership.Role.REVIEWER
    ).user


def said(**changes):
    return {"project": "Ours", "kind": "token_classes", "settings": HUB, **changes}


@with_commits
def test_what_was_added_scores_the_project_and_is_held_to_what_it_was(tmp_path):
    from transformers import Qwen2ForTokenClassification

    from tests.scoring.adapters.published import saved_model

    saved_model(tmp_path / "prm", Qwen2ForTokenClassification, num_labels=2)
    project = filled(project_create(name="ours"), arithmetic(1, 2))
    status, told = run_command(
        add_reward_model, "--project", "ours", "--kind", "token_classes",
        "--set", f"model={tmp_path / 'prm'}", "--set", r"separator=\n\n",
    )  # fmt: skip
    assert (status, told["model"], told["version"]) == (0, "prm-token_classes", 1), told
    model = RewardModel.objects.get()
    assert (model.ready, model.base) == (True, str(tmp_path / "prm"))
    job = run(score_request(model=model, user=None))
    assert job.state == Job.State.DONE, job.error
    assert job.result["scored"] == Step.objects.count() == StepScore.objects.count() > 0
    assert not TokenScore.objects.exists()
    problem = project.problems.first()
    tree = tree_of(problem=problem)
    (want,) = load(artefact_folder(path=model.artefact)).score_many([Item(problem.prompt, tree)])
    got = dict(StepScore.objects.values_list("step_id", "score"))
    assert [got[step] for step in tree.ids[1:]] == pytest.approx(want.step[1:].tolist(), abs=1e-6)

    model.refresh_from_db()
    facts = model.provenance["found_when_opened"]
    assert set(facts) == {"layout_hash", "read", "read_token", "commit"}
    model.provenance["found_when_opened"]["layout_hash"] = "another"
    model.save()
    StepScore.objects.first().delete()
    job = run(score_request(model=model, user=None))
    assert (job.state, job.error_code) == (Job.State.FAILED, "model_changed")
    assert "layout_hash changed" in job.error


@with_commits
def test_language_models_score_with_tokens_or_the_reference(tmp_path):
    from transformers import Qwen2ForCausalLM

    from tests.scoring.adapters.published import saved_model

    saved_model(tmp_path / "lm", Qwen2ForCausalLM)
    name = str(tmp_path / "lm")
    project = filled(project_create(name="ours"), arithmetic(1, 2))
    bare, asked = project.problems.order_by("pk")
    assert asked.reference
    Problem.objects.filter(pk=bare.pk).update(reference="")
    of = {"project": project, "any_folder": True}
    ratio = reward_model_add(kind="implicit_prm", settings={"model": name, "reference": name}, **of)
    job = run(score_request(model=ratio, user=None))
    assert job.state == Job.State.DONE, job.error
    steps = Step.objects.filter(problem__project=project)
    assert StepScore.objects.filter(model=ratio).count() == steps.count()
    assert TokenScore.objects.filter(model=ratio).count() == steps.count()
    assert set(StepScore.objects.values_list("score", flat=True)) == {0.5}

    likely = reward_model_add(kind="likelihood", settings={"model": name}, **of)
    job = run(score_request(model=likely, user=None))
    assert job.state == Job.State.DONE, job.error
    scored = StepScore.objects.filter(model=likely)
    assert set(scored.values_list("step__problem", flat=True)) == {asked.pk}
    assert job.result["scored"] == scored.count() == asked.steps.count()
    unasked = bare.steps.count()
    assert job.result["excluded"] == {"its problem has no reference answer": unasked}
    (want,) = load(artefact_folder(path=likely.artefact)).score_many(
        [Item(asked.prompt, tree_of(problem=asked), asked.reference)]
    )
    assert sorted(scored.values_list("score", flat=True)) == pytest.approx(
        sorted(want.step[1:].tolist()), abs=1e-6
    )


@with_commits
@pytest.mark.parametrize(
    ("settings", "code"),
    [((), "setting"), (("model=/no/such",), "model_load"), (("colour=red",), "unknown_name")],
)
def test_a_command_that_is_refused_makes_no_project(settings, code):
    given = [part for setting in settings for part in ("--set", setting)]
    command = ("--project", "new", "--kind", "token_classes", *given)
    status, told = run_command(add_reward_model, *command)
    assert (status, told["error"]["code"]) == (2, code), told
    assert not Project.objects.exists()


def test_the_api_adds_a_model_and_numbers_its_versions(reviewer):
    api = Api(reviewer)
    for version in (1, 2):
        answer = api("post", "models/", said(name="mine"))
        assert answer.status_code == 201, answer.content
        shown = answer.json()
        assert (shown["name"], shown["version"], shown["ready"]) == ("mine", version, True)
        assert shown["config"]["model"] == "owner/name"
    manifest = json.loads(
        (artefact_folder(path=f"models/{shown['id']}") / "tracewood.json").read_text()
    )
    assert (manifest["kind"], manifest["config"]) == ("token_classes", shown["config"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "prm"}, "unknown_name"),
        ({"settings": {}}, "setting"),
        ({"settings": {**HUB, "colour": "red"}}, "unknown_name"),
        ({"settings": {**HUB, "precision": "int3"}}, "setting"),
        ({"settings": {"model": "/etc"}}, "invalid"),
        ({"settings": {"model": "../secret"}}, "invalid"),
        ({"name": "a/b"}, "invalid"),
    ],
)
def test_what_cannot_be_added_leaves_nothing(reviewer, changes, code):
    assert_error(Api(reviewer)("post", "models/", said(**changes)), 422, code)
    assert not RewardModel.objects.exists()


def test_only_who_reviews_adds_models(reviewer):
    project = Project.objects.get(name="Ours")
    person = MembershipFactory(project=project, role=Membership.Role.ANNOTATOR).user
    assert_error(Api(person)("post", "models/", said()), 403, "forbidden")


def test_a_folder_must_be_open_to_who_asks(reviewer, settings, tmp_path):
    folder = base_folder(tmp_path / "models" / "prm")
    body = said(settings={"model": str(folder)})
    error = assert_error(Api(reviewer)("post", "models/", body), 422, "invalid")
    assert "TRACEWOOD_MODEL_DIRS" in error["fields"]["model"]
    settings.TRACEWOOD_MODEL_DIRS = [tmp_path / "models"]
    assert Api(reviewer)("post", "models/", body).status_code == 201


def test_a_model_that_was_added_is_no_base_to_train_on(reviewer):
    api = Api(reviewer)
    assert api("post", "models/", said(name="prm7")).status_code == 201
    for base in ("prm7", "prm7@1"):
        answer = api("post", "jobs/", {"project": "Ours", "kind": "train", "base": base})
        assert "Name what it reads: owner/name." in assert_error(answer, 422, "invalid")["message"]
    assert not Job.objects.exists()


def test_the_page_offers_the_kinds_and_says_what_is_wrong_at_the_field(reviewer, client_for):
    client = client_for(reviewer)
    page = client.get("/p/Ours/models/").content.decode()
    assert 'action="/p/Ours/models/#add"' in page
    assert 'id="add-step_token"' in page
    part = client.get(
        "/p/Ours/models/?kind=token_classes",
        HTTP_HX_REQUEST="true",
        HTTP_HX_TARGET="added-settings",
    ).content.decode()
    assert part.lstrip().startswith('<div id="added-settings">')
    asked = {"kind": "token_classes", "add": "1"}
    wrong = client.post("/p/Ours/models/", {**asked, "model": "/etc"})
    assert wrong.status_code == 422
    assert "This folder is not open." in wrong.context["add"].errors["model"][0]
    done = client.post("/p/Ours/models/", {**asked, **HUB}, follow=True)
    text = done.content.decode()
    assert "name-token_classes v1" in text
    assert "Published token classifier" in text
    assert f'action="/p/Ours/models/{RewardModel.objects.get().pk}/score/"' in text
