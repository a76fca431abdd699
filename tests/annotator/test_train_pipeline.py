"""Train and score jobs from end to end, on the smallest model, and their two commands."""

from __future__ import annotations

import io
import json
from itertools import islice

import numpy as np
import pytest

from annotator.management.commands import score_traces, train_reward_model
from annotator.models import (
    Job,
    JobMetric,
    Project,
    RewardModel,
    Snapshot,
    SourceFile,
    Step,
    StepLabel,
    StepScore,
    TokenScore,
)
from annotator.queries.trees import tree_of
from annotator.services import jobs
from annotator.services.imports.records import import_records
from annotator.services.projects import project_create
from annotator.services.requests import score_request, train_request
from annotator.services.scores import step_scores_store
from scoring.pipelines import runner, score
from scoring.reward import load
from scoring.samples import arithmetic, game24
from scoring.verify import label_record
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db(transaction=True)

TINY = {
    "steps": "6",
    "step_tokens": "256",
    "pass_tokens": "512",
    "tiny_layers": "1",
    "tiny_width": "64",
    "tiny_vocabulary": "420",
    "checkpoint_every": "2",
    "evaluate_every": "6",
    "log_every": "1",
}


@pytest.fixture
def project():
    """A few arithmetic problems of the generator with checker labels."""
    return filled(project_create(name="train"), arithmetic(1, 8))


def filled(project, records):
    file = SourceFile.objects.create(project=project, format="tracewood", name="generated")
    for record in records:
        record.labels = label_record(record)
        import_records(project=project, format="tracewood", items=[record], file=file)
    return project


def run(job, **options):
    runner.run_claimed(jobs.job_claim(job_id=job.pk, worker=None), **options)
    return Job.objects.get(pk=job.pk)


def train(project, **changes):
    call = {"project": project, "user": None, "settings": TINY, "name": "m", **changes}
    return train_request(**call)


def trained(project, **changes):
    job = run(train(project, **changes))
    assert job.state == Job.State.DONE, job.error
    return RewardModel.objects.get(job=job)


def test_train_then_score_gives_every_step_a_score_and_tokens_that_add_up(project):
    model = trained(project)
    assert model.ready
    assert model.snapshot.rules["include_machine"]
    job = run(score_request(model=model, user=None))
    assert job.state == Job.State.DONE, job.error
    steps = Step.objects.filter(problem__project=project)
    assert job.result["scored"] == steps.count() > 0
    assert job.result["skipped"] == 0
    problem = project.problems.first()
    tree = tree_of(problem=problem)
    scores = dict(StepScore.objects.filter(model=model).values_list("step_id", "score"))
    plain = load(job_folder(model)).score_plain(problem.prompt, tree)
    for position, step in enumerate(tree.ids[1:], start=1):
        assert scores[step] == pytest.approx(float(plain.step[position]), abs=1e-4)
    for token in TokenScore.objects.filter(model=model, step__problem=problem):
        running = np.frombuffer(token.running, "<f4")
        ends = np.frombuffer(token.ends, "<i4")
        parent = token.step.parent_id
        assert ends[-1] == len(token.step.text)
        assert running[-1] == pytest.approx(scores[token.step_id], abs=1e-5)
        if parent is not None:
            assert token.start == pytest.approx(scores[parent], abs=1e-5)


def job_folder(model):
    from annotator.services.artefacts import artefact_folder

    return artefact_folder(path=model.artefact)


def test_held_out_numbers_stand_beside_the_length_baseline(project):
    model = trained(project)
    for name in ("auroc", "average_precision", "length_auroc", "above_length_auroc"):
        assert set(model.metrics[name]) == {"value", "low", "high", "n"}
    held_out = model.snapshot.problems.filter(split="test").count()
    assert model.provenance["held_out_problems"] == held_out > 0
    judged = model.metrics["auroc"]["n"] + model.metrics["skipped"]["value"]
    assert model.provenance["measured_on"] == {"": {"machine": judged}}


def test_generated_traces_are_counted_and_held_out_problems_excluded(project):
    model = trained(project)
    assert model.provenance["generated_traces"] > 0
    held_out = model.snapshot.problems.exclude(split="train").count()
    assert model.provenance["generator"]["held_out_excluded"] == held_out


def test_a_project_of_its_own_data_is_trained_on_that_alone(user):
    project = project_create(name="own")
    file = SourceFile.objects.create(project=project, format="tracewood", name="f")
    for record in arithmetic(2, 6):
        record.problem.meta = {}
        record.labels = label_record(record)
        import_records(project=project, format="tracewood", items=[record], file=file)
    model = trained(project)
    assert model.provenance["generator"] is None
    assert model.provenance["generated_traces"] == 0


def test_other_sample_problems_are_reported_apart():
    project = project_create(name="both")
    filled(project, [*arithmetic(1, 5), *islice(game24(1, 8), 8)])
    model = trained(project)
    assert {"auroc", "game24/auroc", "game24/length_auroc"} <= set(model.metrics)


def test_training_reads_the_snapshot_and_not_later_labels(project):
    from annotator.services.snapshots import snapshot_create

    snapshot = snapshot_create(project=project, name="before", rules={"include_machine": True})
    StepLabel.objects.all().delete()
    model = trained(project, snapshot=snapshot)
    assert model.snapshot == snapshot
    assert model.provenance["snapshot_hash"] == snapshot.hash
    assert model.provenance["labelled_steps"] > 0


def test_run_killed_twice_has_the_curve_of_an_unbroken_one(project):
    whole = run(train(project))
    broken = train(project, name="broken")
    for limit in (3, 3):
        count = iter(range(1000))
        row = run(broken, stopping=lambda count=count, limit=limit: next(count) >= limit)
        assert row.state == Job.State.QUEUED
    broken = run(broken)
    assert broken.state == Job.State.DONE, broken.error
    models = RewardModel.objects.filter(job=broken)
    assert models.count() == 1
    assert models.get().snapshot == RewardModel.objects.get(job=whole).snapshot

    def curve(job):
        return {
            (name, step): value
            for name, step, value in JobMetric.objects.filter(job=job).values_list(
                "name", "step", "value"
            )
        }

    assert curve(broken).keys() == curve(whole).keys()
    for key, value in curve(whole).items():
        assert curve(broken)[key] == pytest.approx(value, abs=1e-6), key


def test_cancelled_training_ends_as_cancelled_and_leaves_no_ready_model(project):
    job = train(project)
    claimed = jobs.job_claim(job_id=job.pk, worker=None)
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    settings = claimed.args["run"]["training"]
    settings["steps"] = 100_000
    runner.run_claimed(claimed)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not RewardModel.objects.filter(ready=True).exists()


def test_nothing_to_learn_from_is_a_sentence():
    project = project_create(name="empty")
    problem_with_tree(["a!"], project=project)
    job = run(train(project))
    assert (job.state, job.error_code) == (Job.State.FAILED, "training")
    assert "label some steps first" in job.error


def test_missing_base_is_a_sentence(project, tmp_path):
    job = run(train(project, base=str(tmp_path / "no-model")))
    assert (job.state, job.error_code) == (Job.State.FAILED, "model_load")


def test_scoring_goes_on_where_it_stopped(project, monkeypatch):
    model = trained(project)
    monkeypatch.setattr(score, "FLUSH_STEPS", 1)
    job = score_request(model=model, user=None)
    count = iter(range(1000))
    assert run(job, stopping=lambda: next(count) >= 2).state == Job.State.QUEUED
    first = set(StepScore.objects.values_list("pk", flat=True))
    assert 0 < len(first) < Step.objects.count()
    assert run(job).state == Job.State.DONE
    assert first <= set(StepScore.objects.values_list("pk", flat=True))
    assert StepScore.objects.count() == Step.objects.count()


def test_new_problems_are_scored_and_the_others_left_alone(project, monkeypatch):
    model = trained(project)
    run(score_request(model=model, user=None))
    old = set(StepScore.objects.values_list("step_id", flat=True))
    filled(project, arithmetic(99, 1))
    stored = []

    def spy(*, model, rows):
        stored.extend(rows)
        return step_scores_store(model=model, rows=rows)

    monkeypatch.setattr(score, "step_scores_store", spy)
    job = run(score_request(model=model, user=None))
    assert job.result["scored"] == Step.objects.count() > len(old)
    assert {step for step, _ in stored} == set(
        Step.objects.exclude(pk__in=old).values_list("pk", flat=True)
    )


def command(module, *arguments):
    out, err = io.StringIO(), io.StringIO()
    instance = module.Command(stdout=out, stderr=err)
    name = module.__name__.rsplit(".", 1)[-1]
    status = 0
    try:
        instance.run_from_argv(["manage.py", name, *arguments, "--json"])
    except SystemExit as left:
        status = int(left.code or 0)
    (line,) = out.getvalue().splitlines()
    return status, json.loads(line)


def settings_arguments():
    return [word for name, value in TINY.items() for word in ("--set", f"{name}={value}")]


def test_commands_with_wait_train_and_score_without_any_worker(project):
    status, answer = command(
        train_reward_model, "--project", "train", "--kind", "prm", "--base", "tiny",
        "--name", "cli", *settings_arguments(), "--wait",
    )  # fmt: skip
    assert (status, answer["state"]) == (0, "done"), answer
    assert {"job", "state", "model", "artefact", "snapshot", "seed", "metrics"} <= set(answer)
    assert answer["snapshot"] == Snapshot.objects.get().name
    assert load(answer["artefact"]).info["kind"] == "prm"
    status, answer = command(score_traces, "--project", "train", "--model", "cli", "--wait")
    assert (status, answer["state"]) == (0, "done"), answer
    assert answer["scored"] == Step.objects.count()
    assert answer["skipped"] == 0


def test_commands_without_wait_queue_and_return(project):
    status, answer = command(train_reward_model, "--project", "train", *settings_arguments())
    assert (status, answer["state"]) == (0, "queued")
    job = Job.objects.get(pk=answer["job"])
    assert job.args["run"]["training"]["steps"] == 6
    assert answer["metrics"] == {}


def test_a_command_whose_broker_is_away_queues_and_warns(project, monkeypatch):
    def refuse(*_, **__):
        raise OSError("Connection refused")

    monkeypatch.setattr(jobs.current_app, "send_task", refuse)
    status, answer = command(train_reward_model, "--project", "train", *settings_arguments())
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
    status, answer = command(train_reward_model, "--project", "new", *arguments)
    assert status == 2
    assert known in answer["error"]["message"]
    assert not Job.objects.exists()


def test_score_command_names_the_known_models_with_two(project):
    status, answer = command(score_traces, "--project", "train", "--model", "nonsense")
    assert status == 2
    assert "no ready model called 'nonsense'" in answer["error"]["message"]


def test_failed_job_of_a_waiting_command_is_its_reason_and_two():
    problem_with_tree(["a!"], project=project_create(name="bare"))
    status, answer = command(
        train_reward_model, "--project", "bare", *settings_arguments(), "--wait"
    )
    assert (status, answer["state"]) == (2, "failed")
    assert answer["error"]["code"] == "training"
    assert Project.objects.filter(name="bare").exists()
