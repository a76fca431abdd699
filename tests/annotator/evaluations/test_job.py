"""The job that measures: the same numbers as the pure core, kept once, told what is missing."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from annotator.importers.registry import importer
from annotator.models import (
    Evaluation,
    EvaluationResult,
    Job,
    Problem,
    Snapshot,
    SnapshotProblem,
    SourceFile,
    Step,
    StepLabel,
    StepScore,
    Trace,
)
from annotator.queries.evaluations.stored import changes_since, evaluations_of, results_of
from annotator.services.evaluations import evaluation_request
from annotator.services.imports.records import import_records
from annotator.services.judgements.labels import label_set
from annotator.services.models.scores import step_scores_store
from scoring.errors import EvaluationError
from scoring.evaluation import DISTANCES
from scoring.pipelines import evaluate as pipeline
from scoring.reward.metrics import auroc
from tests.annotator.evaluations.data import STORED, evaluated, measured, model_of
from tests.annotator.pipelines.data import run
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return measured(UserFactory.create(username="owner"))


def numbers(evaluation, suite):
    result = next(r for r in results_of(evaluation=evaluation) if r.suite == suite)
    assert result.reason == ""
    return {found["key"]: found for found in result.report["numbers"]}


def test_numbers_are_those_of_the_stored_scores_and_labels(project):
    model = model_of(project)
    evaluation = evaluated(model, suites=["steps", "best_of_n"], settings={"aggregation": "min"})
    rows = StepLabel.objects.filter(step__problem__project=project).exclude(rating=0)
    labels = dict(rows.values_list("step", "rating"))
    scores = dict(StepScore.objects.filter(model=model).values_list("step", "score"))
    both = sorted(labels.keys() & scores.keys())
    expected = auroc(
        np.array([scores[pk] for pk in both]), np.array([labels[pk] > 0 for pk in both])
    )
    found = numbers(evaluation, "steps")["auroc"]
    assert found["estimate"]["value"] == pytest.approx(expected)
    assert found["estimate"]["n"] == len(both)
    assert set(found["baselines"]) == {"length", "format"}
    assert len(found["protocol"]) == 16
    random = numbers(evaluation, "best_of_n")["random"]["estimate"]
    right = [
        np.mean([trace.outcomes.get(name="correct").value for trace in problem.traces.all()])
        for problem in Problem.objects.filter(project=project)
    ]
    assert random["value"] == pytest.approx(np.mean(right))
    assert evaluation.counts["traces"] == Trace.objects.filter(problem__project=project).count()
    assert evaluation.counts["steps_without_a_score"] == [0]


def test_every_suite_gives_numbers_or_a_sentence(project):
    evaluation = evaluated(model_of(project))
    found = results_of(evaluation=evaluation)
    assert [result.suite for result in found] == list(STORED)
    reasons = {result.suite: result.reason for result in found if result.reason}
    assert "rewardmath" in reasons
    assert all(reason.endswith(".") and reason[0] != "'" for reason in reasons.values()), reasons
    assert {"steps", "processbench", "best_of_n", "calibration"} <= set(STORED) - set(reasons)


def test_steps_without_a_score_are_counted_and_never_scored_quietly(project):
    evaluation = evaluated(model_of(project, leave=7), suites=["steps"])
    steps = Step.objects.filter(problem__project=project).count()
    assert evaluation.counts["scored_steps"] == [steps - 7]
    assert evaluation.counts["steps_without_a_score"] == [7]
    assert not Job.objects.filter(kind=Job.Kind.SCORE).exists()


def test_what_a_model_was_trained_on_is_left_out_unless_asked_for(project):
    frozen = Snapshot.objects.create(project=project, name="trained", rules={}, hash="0" * 64)
    problems = list(Problem.objects.filter(project=project).order_by("pk"))
    for at, problem in enumerate(problems):
        SnapshotProblem.objects.create(
            snapshot=frozen,
            problem=problem,
            split="train" if at < 6 else "test",
            max_step=0,
            max_trace=0,
        )
    model = model_of(project, kind="prm", snapshot=frozen)
    unseen = evaluated(model, suites=["steps"])
    assert (unseen.part, unseen.counts["problems"]) == ("unseen", 4)
    assert unseen.counts["problems_left_out"] == 6
    everything = evaluated(model, suites=["steps"], part="all")
    assert everything.counts["problems"] == 10
    own = SnapshotProblem.objects.filter(snapshot=everything.snapshot)
    own.update(split="train")
    own.filter(problem__in=problems[5:8]).update(split="test")  # the first of them was seen
    test = evaluated(model, suites=["steps"], part="test", snapshot=everything.snapshot)
    assert (test.counts["problems"], test.counts["problems_left_out"]) == (2, 8)
    SnapshotProblem.objects.filter(snapshot=frozen).update(split="train")
    with pytest.raises(EvaluationError, match="evaluate on all of them, which flatters"):
        evaluated(model, suites=["steps"])


def test_two_models_are_compared_on_the_same_solutions(project):
    sharp, blunt = model_of(project, "sharp", noise=0.1), model_of(project, "blunt", noise=0.9)
    evaluation = evaluated(sharp, against=blunt, suites=["steps", "aggregation", "starc"])
    steps, aggregation, starc = results_of(evaluation=evaluation)
    (auc,) = (d for d in steps.report["differences"] if d["key"] == "auroc")
    assert auc["first"]["value"] - auc["second"]["value"] == pytest.approx(
        auc["difference"]["value"]
    )
    assert auc["difference"]["low"] > 0
    assert all("p" in found for found in aggregation.report["differences"])
    (distance,) = starc.report["numbers"]
    assert 0 < distance["estimate"]["value"] <= 2
    assert {e.pk for e in evaluations_of(model=blunt)} == {evaluation.pk}


def test_all_suites_and_distances_between_two_models(project):
    one, two = model_of(project, "one"), model_of(project, "two", seed=3)
    evaluation = evaluated(one, against=two)
    assert [r.suite for r in results_of(evaluation=evaluation)] == [*STORED, *DISTANCES]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_was_cut_off_goes_on_with_the_suites_that_are_missing(project, monkeypatch):
    job = evaluation_request(model=model_of(project), user=None, suites=["steps", "aggregation"])
    real, asked = pipeline.evaluate, []

    def cut(key, rows, **params):
        asked.append(key)
        if key == "aggregation" and asked.count(key) == 1:
            raise RuntimeError("the machine went away")
        return real(key, rows, **params)

    monkeypatch.setattr(pipeline, "evaluate", cut)
    assert run(job).state == Job.State.FAILED
    assert not evaluations_of(model=Evaluation.objects.get(job=job).model).exists()
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED, result={})
    assert run(job).state == Job.State.DONE
    assert asked == ["steps", "aggregation", "aggregation"]
    evaluation = Evaluation.objects.get(job=job)
    assert evaluation.ready
    assert EvaluationResult.objects.filter(evaluation=evaluation).count() == 2
    assert Snapshot.objects.filter(project=project).count() == 1


def test_labels_and_scores_that_change_make_it_old(project):
    model = model_of(project, leave=3)
    evaluation = evaluated(model, suites=["steps"])
    assert changes_since(evaluation=evaluation) == ()
    again = evaluated(model, suites=["steps"])
    assert again.snapshot == evaluation.snapshot
    assert results_of(evaluation=again)[0].protocol == results_of(evaluation=evaluation)[0].protocol
    step = Step.objects.filter(problem__project=project).select_related("problem__project").first()
    label_set(step=step, user=UserFactory.create(), rating=-1)
    assert changes_since(evaluation=evaluation) == (
        "1 change of judgements came after the labels that it rests on.",
    )
    unscored = Step.objects.filter(problem__project=project).exclude(scores__model=model)
    StepScore.objects.create(step=unscored.first(), model=model, score=0.5)
    assert len(changes_since(evaluation=evaluation)) == 2
    later = evaluated(model, suites=["steps"], snapshot=evaluation.snapshot)
    assert changes_since(evaluation=later) == (
        "1 change of judgements came after the labels that it rests on.",
    )


def test_scores_that_are_replaced_in_place_make_it_old(project):
    model, other = model_of(project), model_of(project, "other", seed=1)
    one, two = evaluated(model, suites=["steps"]), evaluated(other, suites=["steps"])
    rows = list(StepScore.objects.filter(model=model).values_list("step_id", "score"))
    step_scores_store(model=model, rows=reversed(rows))
    assert changes_since(evaluation=one) == (), "the same scores in another order"
    step, score = rows[0]
    step_scores_store(model=model, rows=[(step, score / 2 + 0.1)])
    assert changes_since(evaluation=one) == (
        f"The scores of scorer v1 have changed: of {len(rows)} some were replaced.",
    )
    assert changes_since(evaluation=two) == ()
    step_scores_store(model=model, rows=rows[:1])
    first, second = rows[1], rows[2]
    step_scores_store(model=model, rows=[(first[0], second[1]), (second[0], first[1])])
    assert changes_since(evaluation=one) != (), "two scores have changed places"


def test_an_evaluation_that_knows_no_sum_is_compared_by_what_it_knows(project):
    model = model_of(project, leave=1)
    evaluation = evaluated(model, suites=["steps"])
    known = evaluation.known["scores"][str(model.pk)]
    evaluation.known["scores"][str(model.pk)] = known[:2]
    assert changes_since(evaluation=evaluation) == ()
    evaluation.known["scores"][str(model.pk)] = [known[0] - 1, known[1]]
    assert len(changes_since(evaluation=evaluation)) == 1


def imported(project, name, rows):
    file = SourceFile.objects.create(project=project, format=name, name="rows")
    stream = io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    items = list(importer(name).read(stream))
    import_records(project=project, format=name, items=items, file=file)


def test_the_split_of_processbench_is_in_its_ids(project):
    rows = [
        {
            "id": f"{split}-{at}",
            "problem": f"What is {at} + {at} in {split}?",
            "steps": [f"{at} + {at}", f"is {2 * at + (label == 1)}."],
            "final_answer_correct": label != 1,
            "label": label,
        }
        for at, (split, label) in enumerate(
            (split, label) for split in ("gsm8k", "omnimath") for label in (1, -1)
        )
    ]
    imported(project, "processbench", rows)
    found = numbers(
        evaluated(model_of(project, noise=0.0), suites=["processbench"]), "processbench"
    )
    assert found["f1:gsm8k"]["estimate"] == found["f1:omnimath"]["estimate"]
    assert found["f1:gsm8k"]["estimate"]["value"] == 1.0


def test_classes_of_imported_benchmarks_become_splits(project):

    rows = []
    for at, kind in enumerate(("circular", "deception", "circular")):
        rows.append(
            {
                "original_question": f"What is {at} + 1?",
                "ground_truth": str(at + 1),
                "original_process": [f"{at} + 1", f"is {at + 1}."],
                "modified_process": [f"{at} + 1", f"is {at + 3}."],
                "error_steps": [2],
                "classification": kind,
                "idx": f"q{at}",
            }
        )
    imported(project, "prmbench", rows)
    found = numbers(evaluated(model_of(project, noise=0.0), suites=["prmbench"]), "prmbench")
    assert found["prm_score:circular"]["estimate"]["value"] == 1.0
    assert found["prm_score:circular"]["estimate"]["n"] == 4
    assert found["prm_score:deception"]["estimate"]["n"] == 2
    assert "f1:correct" in found
    assert found["similarity"]["estimate"]["n"] == 3
