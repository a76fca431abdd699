"""Which base a run may start from: who may name which folder, and what is refused at once."""

from __future__ import annotations

import json

import pytest

from annotator.management.commands import train_reward_model
from annotator.models import Job, Membership, Project, RewardModel
from annotator.services.artefacts import artefact_folder
from tests.annotator.commands import run_command
from tests.factories import MembershipFactory, ProjectFactory, UserFactory

# A command closes its connections when it ends.
pytestmark = pytest.mark.django_db(transaction=True)


def base_folder(path, *, weights="model.safetensors", **config):
    """Make what looks like a causal LM from outside."""
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"model_type": "qwen3", **config}))
    (path / weights).write_bytes(b"")
    return path


@pytest.fixture
def own():
    """A project with a reviewer."""
    membership = MembershipFactory(
        project=ProjectFactory(name="Ours"), role=Membership.Role.REVIEWER
    )
    return membership.project


@pytest.fixture
def train(own, client_for):
    """Ask for a training on a base through the API; returns the answer."""
    client = client_for(own.memberships.get().user)

    def post(base):
        said = {"project": "Ours", "kind": "train", "base": str(base)}
        return client.post("/api/v1/jobs/", json.dumps(said), content_type="application/json")

    return post


def refused(answer, code="invalid"):
    assert answer.status_code == 422, answer.content
    error = answer.json()["error"]
    assert error["code"] == code
    assert not Job.objects.exists()
    return error["message"]


def accepted(answer):
    assert answer.status_code == 202, answer.content
    return Job.objects.get(pk=answer.json()["id"]).args["run"]["base"]


@pytest.fixture
def models(settings, tmp_path):
    """A folder that the operator opened."""
    folder = tmp_path / "models"
    folder.mkdir()
    settings.TRACEWOOD_MODEL_DIRS = [folder]
    return folder


@pytest.mark.parametrize("base", ["tiny", "owner/name", "gpt2"])
def test_tiny_and_hub_ids_are_open_to_reviewers(train, base):
    assert accepted(train(base)) == base


def test_a_folder_is_refused_in_the_same_words_whether_it_exists_or_not(train, tmp_path):
    there = refused(train(base_folder(tmp_path / "secret")))
    assert there == refused(train(tmp_path / "absent")) == refused(train("/etc/passwd"))
    assert "TRACEWOOD_MODEL_DIRS" in there
    for odd in ("../..", "docs/img", "./models", "~root", "a" * 499, "/\x00", "//"):
        assert refused(train(odd))


def test_a_folder_below_an_open_one_is_taken_as_it_really_is(train, models):
    folder = base_folder(models / "deep" / "qwen")
    (models / "newest").symlink_to(folder)
    assert accepted(train(models / "newest")) == str(folder)
    assert accepted(train(f"{models}/deep/../newest/")) == str(folder)


def test_no_way_leads_out_of_an_open_folder(train, models, tmp_path):
    outside = base_folder(tmp_path / "models-private" / "secret")
    (models / "link").symlink_to(outside.parent)
    (models / "loop").symlink_to(models / "loop")
    for way in (outside, models / "link" / "secret", f"{models}/../models-private/secret"):
        assert "not open to training" in refused(train(way))
    assert refused(train(models / "loop" / "x"))


def trained(project, name):
    model = RewardModel.objects.create(
        project=project, name=name, version=1, kind="prm", ready=True
    )
    model.artefact = f"models/{model.pk}"
    model.save()
    folder = artefact_folder(path=model.artefact)
    if not (folder / "config.json").exists():
        (folder / "config.json").write_text('{"model_type": "qwen3"}')
        (folder / "model.safetensors").write_bytes(b"")
    return folder


def test_a_model_of_the_project_is_a_base_by_name_and_by_folder(train, own):
    folder = trained(own, "m")
    for base in ("m", "m@1", folder):
        assert accepted(train(base)) == str(folder)
    assert Job.objects.filter(args__name="m-1-prm").exists()


def test_a_model_of_another_project_is_no_base(train):
    assert "not open to training" in refused(
        train(trained(ProjectFactory(name="Theirs"), "theirs"))
    )


def test_the_page_says_it_at_the_field(own, client_for, tmp_path):
    client = client_for(own.memberships.get().user)
    answer = client.post(
        "/p/Ours/models/", {"kind": "prm", "base": str(base_folder(tmp_path / "m"))}
    )
    assert answer.status_code == 422
    assert "This folder is not open to training." in answer.context["form"].errors["base"][0]
    assert not Job.objects.exists()


BAD = {
    "pickle": ({"weights": "pytorch_model.bin"}, "only safetensors are read"),
    "code": (
        {"model_type": "homemade", "auto_map": {"AutoConfig": "evil.Config"}},
        "brings code of its own, which would have to run: it is never run",
    ),
    "no weights": ({"weights": "README.md"}, "has no weights"),
}


@pytest.mark.parametrize(("shape", "why"), BAD.values(), ids=BAD)
def test_a_base_that_would_run_code_is_refused_at_once(train, models, shape, why):
    folder = base_folder(models / "bad", **shape)
    message = refused(train(folder), "model_load")
    assert str(folder) in message
    assert why in message
    status, answer = run_command(train_reward_model, "--project", "new", "--base", str(folder))
    assert (status, answer["error"]["code"]) == (2, "model_load")
    assert answer["error"]["message"] == message
    assert not Job.objects.exists()
    assert not Project.objects.filter(name="new").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "config.json is missing"), ("{", "cannot be read"), ("[]", "holds no JSON object")],
)
def test_a_folder_without_a_config_is_no_base(tmp_path, content, why):
    folder = base_folder(tmp_path / "bad")
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_text(content)
    status, answer = run_command(train_reward_model, "--project", "new", "--base", str(folder))
    assert (status, answer["error"]["code"]) == (2, "model_load")
    assert why in answer["error"]["message"]


def test_the_command_line_takes_any_folder_also_a_relative_one(tmp_path, monkeypatch):
    folder = base_folder(tmp_path / "here" / "qwen")
    monkeypatch.chdir(tmp_path)
    status, answer = run_command(train_reward_model, "--project", "new", "--base", "here/qwen")
    assert (status, answer["state"]) == (0, "queued"), answer
    job = Job.objects.get()
    assert (job.args["run"]["base"], job.args["name"]) == (str(folder), "qwen-prm")


def test_known_code_beside_a_known_architecture_does_no_harm(train, models):
    folder = base_folder(models / "qwen", auto_map={"AutoModel": "modeling.Own"})
    assert accepted(train(folder)) == str(folder)


def test_the_command_line_too_needs_a_folder_that_is_there(tmp_path):
    UserFactory()
    status, answer = run_command(
        train_reward_model, "--project", "new", "--base", str(tmp_path / "no")
    )
    assert (status, answer["error"]["code"]) == (2, "model_load")
    assert f"There is no folder {tmp_path / 'no'}" in answer["error"]["message"]
