"""Training jobs from end to end, on the smallest model."""

from __future__ import annotations

import shutil
from itertools import islice

import numpy as np
import pytest

from annotator.models import Job, JobMetric, RewardModel, SourceFile, StepLabel
from annotator.services import jobs
from annotator.services.imports.records import import_records
from annotator.services.projects.projects import project_create
from scoring.pipelines import runner
from scoring.pipelines.context import JobContext
from scoring.reward import load
from scoring.samples import arithmetic, game24
from scoring.verify import label_record
from tests.annotator.pipelines.data import TINY, filled, job_folder, run, train, trained
from tests.factories import problem_with_tree
from tests.scoring.reward_cases import save_base

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_other_sample_problems_are_reported_apart(monkeypatch):
    project = project_create(name="both")
    filled(project, [*arithmetic(1, 5), *islice(game24(1, 8), 8)])
    told = []
    monkeypatch.setattr(JobContext, "progress", lambda self, *seen: told.append(seen))
    model = trained(project)
    (_, total, words) = told[-1]
    assert words == f"Evaluating: {total} of {total} held-out problems of game24 scored."
    assert {"auroc", "game24/auroc", "game24/length_auroc"} <= set(model.metrics)


def test_training_reads_the_snapshot_and_not_later_labels(project):
    from annotator.services.datasets.snapshots import snapshot_create

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
    assert broken.max_attempts == 4, "checkpoints are kept, so the attempt would not count"
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


def test_a_base_that_is_gone_when_the_job_runs_is_a_sentence(project, tmp_path):
    base = save_base(tmp_path / "base")
    job = train(project, base=str(base), any_folder=True)
    shutil.rmtree(base)
    job = run(job)
    assert (job.state, job.error_code) == (Job.State.FAILED, "model_load")


def test_a_trained_model_is_the_base_of_the_next(project):
    first = trained(project)
    steps = {**TINY, "steps": "1", "learning_rate": "1e-9", "lm_weight": "0"}
    second = trained(project, base="m", name="n", settings=steps)
    assert second.base == str(job_folder(first))
    old, new = (load(job_folder(model)).network.backbone.state_dict() for model in (first, second))
    assert old.keys() == new.keys()
    for name, weights in old.items():
        np.testing.assert_allclose(new[name].numpy(), weights.numpy(), atol=1e-6, err_msg=name)
