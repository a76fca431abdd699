"""The areas equal scikit-learn's, and a drawn problem weighs as often as it was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from scoring.evaluation import evaluate
from scoring.evaluation.records import Records
from scoring.evaluation.suites.steps import ranking
from scoring.reward.metrics import auroc, with_interval
from tests.scoring.evaluation.data import NONE, QUICK, solution

STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 3)), min_size=2, max_size=30
).filter(lambda steps: len({right for _, right, _ in steps}) == 2)


def rows_of(steps):
    rows = []
    for at, (score, right, problem) in enumerate(steps):
        rows.append(
            solution(f"r{at:03d}", score / 4, problem=f"p{problem}", step_labels=[float(right)])
        )
    return rows


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_both_areas_equal_scikit_learns_with_ties(steps):
    report = evaluate("steps", rows_of(steps), resampling=NONE)
    score, right, _ = (np.array(column) for column in zip(*steps, strict=True))
    assert report["auroc"].estimate.value == pytest.approx(roc_auc_score(right, score))
    assert report["average_precision"].estimate.value == pytest.approx(
        average_precision_score(right, score)
    )


@settings(max_examples=40, deadline=None)
@given(STEPS, st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_problem_drawn_twice_is_the_same_as_its_steps_twice(steps, times):
    records = Records.of(rows_of(steps))
    counts = np.array([[times[int(name[1:])] for name in records.problems]], dtype=float)
    copies = [step for step in steps for _ in range(times[step[2]])]
    right = np.array([step[1] for step in copies])
    scores = np.array([step[0] for step in copies])
    measures = {measure.key: measure for measure in ranking(records).measures}
    with np.errstate(invalid="ignore", divide="ignore"):
        area = measures["auroc"].statistic(counts)[0]
        precision = measures["average_precision"].statistic(counts)[0]
    if not len(copies) or right.all() or not right.any():
        assert np.isnan(area)
        assert np.isnan(precision)
    else:
        assert area == pytest.approx(roc_auc_score(right, scores))
        assert precision == pytest.approx(average_precision_score(right, scores))


def test_the_interval_is_like_the_one_at_the_end_of_a_training():
    rng = np.random.default_rng(0)
    labels = rng.random(200) < 0.5
    scores = np.round(np.clip(0.4 + 0.2 * labels + 0.2 * rng.normal(size=200), 0, 1), 2)
    groups = np.repeat(np.arange(40), 5)
    rows = [
        solution(f"r{k:03d}", scores[k], problem=f"p{groups[k]:02d}", step_labels=[labels[k]])
        for k in range(200)
    ]
    found = evaluate("steps", rows)["auroc"].estimate
    other = with_interval(auroc, scores, labels, groups)
    assert found.value == pytest.approx(other.value)
    assert found.low == pytest.approx(other.low, abs=0.02)
    assert found.high == pytest.approx(other.high, abs=0.02)


def test_half_labels_are_left_out_and_counted():
    rows = [solution("a/1", 0.9, 0.1, 0.5, step_labels=[1, 0, 0.5])]
    report = evaluate("steps", rows, resampling=QUICK)
    assert report["auroc"].estimate.n == 2
    assert report.notes == ("1 steps labelled 0.5 left out",)
    assert report["auroc"].estimate.notes == ("no interval: all is of one problem",)


def test_labelled_steps_without_a_score_are_no_part_of_it():
    rows = [solution("a/1", 0.9, 0.1, np.nan, step_labels=[1, 0, 0])]
    assert evaluate("steps", rows, resampling=NONE)["auroc"].estimate.n == 2


def test_one_class_has_no_area_and_says_why():
    report = evaluate("steps", [solution("a/1", 0.9, 0.1, step_labels=[1, 1])], resampling=NONE)
    for key in ("auroc", "average_precision"):
        assert report[key].estimate.undefined == (
            "undefined because right and wrong steps are needed"
        )
