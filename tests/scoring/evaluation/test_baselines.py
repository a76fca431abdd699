"""Length and form alone: fitted on other problems, and as good as what they can see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from scoring.evaluation import evaluate
from scoring.evaluation.baselines import FOLDS, NAMES, _logistic, baseline, fold, predicted
from scoring.evaluation.layout import FEATURES, form, length, whole_form
from scoring.evaluation.records import Records
from tests.scoring.evaluation.data import QUICK, solution, worded


def told_by(text_of, n=60):
    """Steps whose text gives the label away; the model itself knows nothing."""
    rng = np.random.default_rng(0)
    rows = []
    for k in range(n):
        labels = (rng.random(4) < 0.5).astype(float)
        texts = tuple(text_of(bool(right)) for right in labels)
        rows.append(solution(f"p{k:02d}/1", *rng.random(4), step_labels=labels, steps=texts))
    return rows


@pytest.mark.parametrize(
    ("name", "text_of"),
    [
        ("length", lambda right: "x" * (30 if right else 10)),
        ("length", lambda right: "x" * (10 if right else 30)),
        ("format", lambda right: "- a line" if right else "plain one"),
        ("format", lambda right: "1234 5678" if right else "abcd efgh"),
    ],
)
def test_a_baseline_finds_what_its_view_gives_away(name, text_of):
    number = evaluate("steps", told_by(text_of), resampling=QUICK)["auroc"]
    against = number.baselines[name]
    assert against.value.value > 0.99
    assert against.difference.high < 0
    assert against.difference.value == pytest.approx(number.estimate.value - against.value.value)


def test_form_does_not_see_length():
    rows = told_by(lambda right: "x" * (30 if right else 10))
    number = evaluate("steps", rows, resampling=QUICK)["auroc"]
    assert number.baselines["format"].value.value < 0.7


def test_labels_that_have_nothing_to_do_with_texts_are_not_learnt_by_heart():
    """In sample, ten features on 240 labels would reach well above chance."""
    rng = np.random.default_rng(1)
    rows = told_by(lambda _: "".join(rng.choice(list("ab1 =.\n"), size=12)))
    for found in evaluate("steps", rows, resampling=QUICK)["auroc"].baselines.values():
        assert found.value.value < 0.58


def test_a_problem_is_never_fitted_on_itself():
    """Labels follow texts in the other folds; a problem's own labels are turned round."""
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(200, 1))
    folds = np.repeat(np.arange(5), 40)
    labels = (seen[:, 0] > 0).astype(float)
    labels[folds == 2] = 1 - labels[folds == 2]
    found = predicted(seen, labels, folds)
    inside = folds == 2
    assert np.corrcoef(found[inside], seen[inside, 0])[0, 1] > 0.5


def test_the_fit_is_ridge_logistic_regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    y = rng.random(120) < 1 / (1 + np.exp(-x @ [1.0, -2.0, 0.0] - 0.3))
    ours = _logistic(x, y)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(ours[1:], theirs.coef_[0], atol=1e-4)
    assert ours[0] == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_one_class_in_the_other_folds_gives_one_half():
    assert set(predicted(np.ones((6, 1)), np.ones(6), np.arange(6) % 2)) == {0.5}


def test_without_texts_there_are_no_baselines():
    rows = [replace(row, steps=()) for row in worded()]
    assert all(not number.baselines for number in evaluate("steps", rows, resampling=QUICK).numbers)


def test_solutions_are_one_step_to_every_aggregation():
    records = Records.of(worded())
    for name in NAMES:
        scored = baseline(records, name, "outcome")
        assert all(len(row.step_scores) == 1 for row in scored)
        assert all(row.step_scores[0] == row.score for row in scored)


def test_folds_are_the_same_everywhere():
    assert [fold(f"p{k}") for k in range(6)] == [fold(f"p{k}", FOLDS) for k in range(6)]
    assert {fold(f"p{k}") for k in range(60)} == set(range(FOLDS))


def test_features_by_hand():
    first, second = form(("1. A = 12\n", r"So \boxed{12}."))
    named = dict(zip(FEATURES, first, strict=True))
    assert named == pytest.approx(
        {
            "place from the start": 0.0,
            "place from the end": np.log(2),
            "line breaks per character": 1 / 10,
            "share of digits": 3 / 10,
            "share of operators": 1 / 10,
            "TeX per character": 0.0,
            "share of capitals": 1 / 10,
            "starts like a list item": 1.0,
            "names an answer": 0.0,
            "ends with a full stop": 0.0,
        }
    )
    assert list(second[-5:]) == pytest.approx([1 / 14, 1 / 14, 0, 1, 1])
    assert length(("abc",))[0, 0] == pytest.approx(np.log(4))


def test_features_are_of_their_shape_for_any_text():
    steps = ("", "👩 1 = 2", "- a\n\\boxed{3}.")
    assert form(steps).shape == (3, len(FEATURES))
    assert length(steps).shape == (3, 1)
    assert whole_form(steps).shape == (1 + len(FEATURES),)
    assert np.isfinite(form(steps)).all()
