"""What a run would need is told before anything is queued: on the form, at the command line, in the API."""

from __future__ import annotations

import html
import json

import pytest

from annotator.management.commands import train_reward_model
from annotator.models import Job, Project, RewardModel, SnapshotLabel, SnapshotProblem, StepLabel
from annotator.queries.datasets import amounts
from annotator.queries.datasets.amounts import project_amount, snapshot_amount
from annotator.services.models.estimates import train_estimate
from scoring.reward.registry import KINDS
from scoring.training import estimate_words
from scoring.training.estimate_memory import Span
from tests.annotator.api_client import Api, assert_error
from tests.annotator.commands import run_command
from tests.annotator.page_world import world_create
from tests.annotator.snapshots.data import machine_label
from tests.factories import ProjectFactory, problem_with_tree

pytestmark = pytest.mark.django_db
PROMPT = "Add one and one."
STEPS = ["It is", [" two"], ["Three"]]


def three_problems(project):
    """Only the first has a label."""
    found = [problem_with_tree(STEPS, project=project, prompt=f"{PROMPT}{i}") for i in range(3)]
    machine_label(found[0], "Three", -1)
    return found


def one(problems):
    return sum(len(step.text) for step in problems[0].steps.all()) + len(PROMPT) + 1


def test_text_is_counted_and_only_of_labelled_problems_where_labels_are_learnt():
    project = ProjectFactory.create()
    problems = three_problems(project)
    steps = problems[0].steps.count()
    whole = project_amount(project=project, labelled=False)
    assert (whole.problems, whole.steps, whole.characters) == (3, 3 * steps, 3 * one(problems))
    told = project_amount(project=project, labelled=True)
    assert (told.problems, told.steps, told.characters) == (1, steps, one(problems))


def test_many_problems_are_sampled(monkeypatch):
    project = ProjectFactory.create()
    problems = three_problems(project)
    monkeypatch.setattr(amounts, "SAMPLE", 1)
    found = project_amount(project=project, labelled=False)
    assert (found.sampled, found.problems) == (1, 3)
    assert found.characters == 3 * one(problems), "all problems are alike, so the sample is exact"


def test_a_snapshot_counts_by_split():
    world = world_create()
    project = ProjectFactory.create()
    snapshot = world.project.snapshots.get()
    for problem, split in zip(three_problems(project), ("train", "test", "test"), strict=True):
        SnapshotProblem.objects.create(
            snapshot=snapshot, problem=problem, split=split, max_step=10**9, max_trace=10**9
        )
    label = StepLabel.objects.get(step__problem__project=project)
    SnapshotLabel.objects.create(
        snapshot=snapshot, problem=label.step.problem, step=label.step, rater=label.rater,
        event_id=label.event_id, rating=-1,
    )  # fmt: skip

    def problems(labelled, *splits):
        return snapshot_amount(snapshot=snapshot, splits=splits, labelled=labelled).problems

    assert [problems(False, "train"), problems(False, "test"), problems(True, "test")] == [1, 2, 0]
    assert problems(True, "train", "test") == 1


def test_the_form_tells_and_queues_nothing(client_for):
    world = world_create()
    client = client_for(world.people["reviewer"])
    said = {"kind": "prm", "base": "tiny", "steps": "40", "estimate": "1"}
    before = Job.objects.count()
    page = html.unescape(client.post("/p/Ours/models/", said).content.decode())
    assert "What it would need" in page
    assert "of which activations" in page
    assert 'name="steps" value="40"' in page, "what was filled in stays"
    headers = {"HX-Request": "true", "HX-Target": "estimate"}
    part = client.post("/p/Ours/models/", said, headers=headers).content.decode()
    assert part.count("<form") == 0
    assert "rates of common CPUs" in part
    wrong = client.post("/p/Ours/models/", {**said, "steps": "x"}, headers=headers)
    assert "Settle what the form says first" in wrong.content.decode()
    assert Job.objects.count() == before
    assert client_for(world.people["annotator"]).post("/p/Ours/models/", said).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_api_and_command_say_the_same():
    world = world_create()
    api = Api(world.people["reviewer"])
    asked = {"settings": {"steps": "40"}}
    told = api("post", "projects/Ours/estimate/", asked).json()
    assert told["parameters"] == told["trained"]
    assert told["total"]["low"] == sum(part["low"] for part in told["memory"].values())
    status, answer = run_command(
        train_reward_model, "--project", "Ours", "--estimate", "--set", "steps=40"
    )
    assert status == 0
    assert json.loads(json.dumps(answer["estimate"])) == told
    assert not Job.objects.filter(state="queued").exists()
    wrong = api("post", "projects/Ours/estimate/", {"settings": {"steps": "0"}})
    assert wrong.status_code in {400, 422}
    assert_error(
        Api(world.people["annotator"])("post", "projects/Ours/estimate/", asked), 403, "forbidden"
    )
    status, _ = run_command(train_reward_model, "--project", "New", "--estimate")
    assert status == 0
    assert not Project.objects.filter(name="New").exists()


def test_a_run_on_the_same_base_and_device_is_what_time_is_told_from():
    world = world_create()
    model = RewardModel.objects.get(project=world.project)

    def basis():
        return train_estimate(project=world.project, settings={}, kind="prm", base="tiny").basis[-1]

    assert model.name not in basis()
    model.base, model.config = "tiny", {"training": {"precision": "float32"}}
    model.provenance = {"operations_per_second": 5e9, "device": "CPU (2 threads)"}
    model.save()
    assert f"{model.name} v{model.version}" in basis()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_be_estimated_and_an_ensemble_takes_as_long_as_its_members(kind):
    project = ProjectFactory.create()
    three_problems(project)

    def found(**settings):
        return train_estimate(project=project, settings=settings, kind=kind, base="tiny")

    once = found()
    assert once.seconds.low < once.seconds.high
    assert once.total.high < 1e11
    if kind == "ensemble":
        assert found(members="4").seconds.low == pytest.approx(2 * found(members="2").seconds.low)


def test_ranges_are_told_with_two_digits():
    assert (
        estimate_words.span_words(Span(1.234e9, 5.678e9), estimate_words._BYTES) == "1.2 to 5.7 GB"
    )
    assert (
        estimate_words.span_words(Span(30, 5400), estimate_words._SECONDS) == "0.0083 to 1.5 hours"
    )
    assert estimate_words.span_words(Span(3, 3), ((1.0, ""),)) == "3"
    assert estimate_words.number_words(123_456_789) == "120 million"
