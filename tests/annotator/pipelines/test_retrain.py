"""Retraining: the same settings on newer labels, and both versions on problems that neither has seen."""

from __future__ import annotations

import shutil

import pytest

from annotator.errors import ConflictError
from annotator.models import Job, Membership, RewardModel
from annotator.queries.staleness import learnt_problems, staleness
from annotator.services.jobs.requests import score_request
from annotator.services.models.retraining import retrain_request
from scoring.samples import arithmetic
from tests.annotator.api_client import Api
from tests.annotator.pipelines.data import TINY, filled, job_folder, run, train, trained
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def retrained(model):
    job = run(retrain_request(model=model, user=None))
    assert job.state == Job.State.DONE, job.error
    return RewardModel.objects.get(job=job)


def test_a_newer_version_has_the_same_settings_newer_labels_and_a_paired_comparison(
    project, client_for
):
    old = trained(project, settings={**TINY, "held_out": "0.5"})
    assert run(score_request(model=old, user=None)).state == Job.State.DONE
    assert staleness(models=[old])[old.pk].words == ""
    filled(project, arithmetic(77, 5))
    assert staleness(models=[old])[old.pk].words == "trained before 5 judgements"
    new = retrained(old)
    assert (new.name, new.version, new.config) == (old.name, 2, old.config)
    assert new.snapshot != old.snapshot
    for rule in ("aggregate", "neutral", "rater_kinds", "splits"):
        assert new.snapshot.rules[rule] == old.snapshot.rules[rule]
    told = new.provenance["compared"]
    held_out = new.snapshot.problems.filter(split="test")
    unseen = {bytes(row.problem.key).hex() for row in held_out} - learnt_problems(model=old)
    assert (told["with"], told["problems"]) == (str(old), len(unseen))
    assert told["left_out"] == held_out.count() - len(unseen)
    rows = {row["key"]: row for row in told["rows"]}
    assert {"auroc", "average_precision", "brier"} == set(rows)
    for row in rows.values():
        assert row["difference"] == pytest.approx(row["new"] - row["old"])
        assert row["low"] <= row["difference"] <= row["high"]
    assert 0 < rows["brier"]["p"] <= 1
    assert rows["auroc"]["n"] == rows["brier"]["n"] > 0
    if not told["left_out"]:
        assert rows["auroc"]["new"] == pytest.approx(new.metrics["auroc"]["value"])
    behind = staleness(models=[old, new])
    assert behind[old.pk].words == "trained before 5 judgements, v2 is newer"
    assert behind[new.pk].words == ""

    people = {role: UserFactory.create(username=role) for role in ("reviewer", "annotator")}
    for role, person in people.items():
        Membership.objects.create(project=project, user=person, role=role)
    reviewer = client_for(people["reviewer"])
    page = reviewer.get(f"/p/{project.name}/models/{new.pk}/").content.decode()
    assert "Beside the version before" in page
    assert "Brier score (lower is better)" in page
    assert "Trained before 5 judgements" in (
        reviewer.get(f"/p/{project.name}/models/{old.pk}/").content.decode()
    )
    assert (
        "trained before 5 judgements" in reviewer.get(f"/p/{project.name}/models/").content.decode()
    )
    problem = project.problems.earliest("pk")
    for person, told in ((reviewer, True), (client_for(people["annotator"]), False)):
        address = f"/p/{project.name}/problems/{problem.pk}/"
        bench = person.get(address, {"by": f"prm_score@{old.pk}"}).content.decode()
        assert ("trained before 5 judgements, v2 is newer" in bench) is told
    other = client_for(people["annotator"])
    for address in (f"models/{old.pk}/", "models/"):
        seen = other.get(f"/p/{project.name}/{address}").content.decode().lower()
        assert "trained before" not in seen, "counts of others' work are for reviewers"
        assert "retrain on" not in seen
    assert other.post(f"/p/{project.name}/models/{old.pk}/retrain/").status_code == 403


def test_the_same_labels_give_the_same_model_and_no_difference(project):
    old = trained(project)
    new = retrained(old)
    assert new.snapshot == old.snapshot, "the content is the same, so it is not frozen again"
    rows = {row["key"]: row for row in new.provenance["compared"]["rows"]}
    assert rows["auroc"]["difference"] == 0
    assert rows["brier"]["p"] == 1


def test_a_version_whose_artefact_is_gone_is_said_and_costs_nothing(project):
    old = trained(project)
    shutil.rmtree(job_folder(old))
    told = retrained(old).provenance["compared"]
    assert told["rows"] == []
    assert "cannot be compared with" in told["notes"][0]


def test_only_what_was_trained_here_can_be_trained_again(project):
    model = RewardModel.objects.create(project=project, name="theirs", kind="imported", ready=True)
    with pytest.raises(ConflictError, match="was not trained here"):
        retrain_request(model=model, user=None)
    person = UserFactory.create(username="asks")
    Membership.objects.create(project=project, user=person, role="reviewer")
    asked = {"project": project.name, "kind": "retrain", "model": model.pk}
    assert Api(person)("post", "jobs/", asked).status_code == 409
    own = trained(project)
    answer = Api(person)("post", "jobs/", {**asked, "model": own.pk})
    assert answer.status_code == 202
    assert Job.objects.get(pk=answer.json()["id"]).args["retrains"] == own.pk


def test_a_job_that_is_no_retraining_compares_with_nothing(project):
    assert "compared" not in RewardModel.objects.get(job=run(train(project))).provenance


def test_the_snapshots_validation_share_says_when_to_stop(project):
    from annotator.services.datasets.snapshots import snapshot_create

    rules = {"include_machine": True, "splits": {"train": 0.5, "validation": 0.3, "test": 0.2}}
    snapshot = snapshot_create(project=project, name="three", rules=rules)
    settings = {**TINY, "patience": "1", "evaluate_every": "2", "steps": "40"}
    model = trained(project, settings=settings, snapshot=snapshot)
    watched = snapshot.problems.filter(split="validation").count()
    assert model.provenance["validation_problems"] == watched > 0
    assert model.provenance["problems"] == snapshot.problems.filter(split="train").count()
    assert model.provenance["best_step"] <= model.provenance["steps"]
    assert set(snapshot.counts["excluded"]) <= set(model.provenance["lost"])
