"""The commands that train and score: with and without waiting, and what they refuse."""

from __future__ import annotations

import pytest
from celery import current_app

from annotator.management.commands import score_traces, train_reward_model
from annotator.models import Job, Project, Snapshot, Step
from annotator.services.projects.projects import project_create
from scoring.reward import load
from tests.annotator.commands import run_command
from tests.annotator.pipelines.data import TINY
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db(transaction=True)


def settings_arguments():
    return [word for name, value in TINY.items() for word in ("--set", f"{name}={value}")]


def test_commands_with_wait_train_and_score_without_any_worker(project):
    status, answer = run_command(
        train_reward_model, "--project", "train", "--kind", "prm", "--base", "tiny",
        "--name", "cli", *settings_arguments(), "--wait",
    )  # fmt: skip
    assert (status, answer["state"]) == (0, "done"), answer
    assert {"job", "state", "model", "artefact", "snapshot", "seed", "metrics"} <= set(answer)
    assert answer["snapshot"] == Snapshot.objects.get().name
    assert load(answer["artefact"]).info["kind"] == "prm"
    status, answer = run_command(score_traces, "--project", "train", "--model", "cli", "--wait")
    assert (status, answer["state"]) == (0, "done"), answer
    assert answer["scored"] == Step.objects.count()
    assert answer["skipped"] == 0


def test_commands_without_wait_queue_and_return(project):
    status, answer = run_command(train_reward_model, "--project", "train", *settings_arguments())
    assert (status, answer["state"]) == (0, "queued")
    job = Job.objects.get(pk=answer["job"])
    assert job.args["run"]["training"]["steps"] == 6
    assert answer["metrics"] == {}


def test_a_command_whose_broker_is_away_queues_and_warns(project, monkeypatch):
    def refuse(*_, **__):
        raise OSError("Connection refused")

    monkeypatch.setattr(current_app, "send_task", refuse)
    status, answer = run_command(train_reward_model, "--project", "train", *settings_arguments())
    assert (status, answer["state"]) == (0, "queued")
    assert "Connection refused" in answer["warning"]
    assert Job.objects.get(pk=answer["job"]).state == Job.State.QUEUED


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (["--kind", "nonsense"], "prm"),
        (["--set", "colour=red"], "learning_rate"),
        (["--set", "steps=many"], "steps"),
        (["--snapshot", "nonsense"], "none yet"),
        (["--set", "steps"], "key=value"),
    ],
)
def test_train_command_refuses_what_it_does_not_know_with_two(arguments, known):
    status, answer = run_command(train_reward_model, "--project", "new", *arguments)
    assert status == 2
    assert known in answer["error"]["message"]
    assert not Job.objects.exists()


def test_score_command_names_the_known_models_with_two(project):
    status, answer = run_command(score_traces, "--project", "train", "--model", "nonsense")
    assert status == 2
    assert "no ready model called 'nonsense'" in answer["error"]["message"]


def test_failed_job_of_a_waiting_command_is_its_reason_and_two():
    problem_with_tree(["a!"], project=project_create(name="bare"))
    status, answer = run_command(
        train_reward_model, "--project", "bare", *settings_arguments(), "--wait"
    )
    assert (status, answer["state"]) == (2, "failed")
    assert answer["error"]["code"] == "training"
    assert Project.objects.filter(name="bare").exists()
