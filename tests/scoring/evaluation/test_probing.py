"""Probes find what is in states and nothing else; the head leans on what it reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from scoring.errors import EvaluationError
from scoring.evaluation import Record, evaluate
from scoring.evaluation.probes import STRENGTHS, Examples, Frame, dealt, probed
from scoring.evaluation.records import Preferred, Records, States
from scoring.reward.metrics import auroc
from tests.scoring.evaluation.data import NONE, QUICK, worded

HEAD = np.array([1.0, 0.0, 0.0, 0.0])


def rows_of(n_problems=20, *, head=HEAD, seed=0):
    """Two solutions of three steps; the states hold the label (0), the length (1), noise (2 and 3).

    The head reads number 0, half of which is noise.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for problem in range(n_problems):
        for at in range(2):
            labels = (rng.random(3) < 0.5).astype(float)
            size = rng.integers(3, 40, size=3)
            held = rng.normal(size=(3, 4))
            held[:, 0] = labels + 0.5 * held[:, 0]
            held[:, 1] = np.log(size) + 0.01 * held[:, 1]
            rows.append(
                Record(
                    id=f"p{problem:02d}/{at}",
                    problem=f"p{problem:02d}",
                    step_scores=held[:, 0],
                    step_labels=labels,
                    correct=bool(at),
                    steps=tuple("x" * int(n) for n in size),
                    states=States(held.astype(np.float32), head),
                )
            )
    return rows


def values(report):
    return {number.key: number.estimate.value for number in report.numbers}


def test_a_property_that_states_hold_is_found_and_another_is_not():
    found = values(evaluate("probing", rows_of(40), resampling=NONE))
    assert found["auroc:step_long"] > 0.95
    assert 0.8 < found["auroc:step_right"] < 0.97
    assert found["selectivity:step_long"] > 0.3
    assert abs(found["auroc:outcome"] - 0.5) < 0.2
    assert found["accuracy:step_long"] > 0.85


def test_the_reward_stands_beside_what_the_states_hold():
    rows = rows_of(40)
    found = values(evaluate("probing", rows, resampling=NONE))
    scores = np.concatenate([row.step_scores for row in rows])
    right = np.concatenate([row.labels for row in rows]) > 0.5
    assert found["reward:step_right"] == pytest.approx(auroc(scores, right))
    assert abs(found["reward:step_long"] - 0.5) < 0.1  # it is held, but not used
    assert found["lean:step_right"] > 0.9
    assert abs(found["lean:step_long"]) < 0.3
    assert found["explained"] > 0.9


def test_directions_and_head_are_compared_by_their_cosine():
    report = evaluate("probing", rows_of(40), resampling=NONE)
    assert report.fitted["cosine_step_right"] > 0.9
    assert abs(report.fitted["cosine_step_long"]) < 0.3
    turned = evaluate("probing", rows_of(40, head=-HEAD), resampling=NONE)
    assert turned.fitted["cosine_step_right"] == -report.fitted["cosine_step_right"]
    lean = {number.key: number.estimate for number in turned.numbers}["lean:step_right"]
    assert lean.value < -0.9


def test_a_head_that_is_not_linear_is_read_by_its_score():
    report = evaluate("probing", rows_of(40, head=np.zeros(0)), resampling=NONE)
    assert report.notes == ("the head is not linear: its score stands for its reading",)
    assert not report.fitted
    assert values(report)["lean:step_right"] > 0.9


def test_length_alone_is_probed_in_the_same_way():
    report = evaluate("probing", rows_of(40), resampling=QUICK)
    beside = report["auroc:step_long"].baselines
    assert beside["length"].value.value == 1.0
    assert report["auroc:step_right"].baselines["length"].value.value < 0.65
    assert report["auroc:step_right"].baselines["length"].difference.low > 0
    assert not report["lean:step_right"].baselines


def test_too_few_labels_are_counted():
    report = evaluate("probing", rows_of(6), resampling=NONE)
    reason = report["auroc:outcome"].estimate.undefined
    assert reason == "undefined because there are too few solutions: 12 of 40 needed"
    assert report["auroc:step_right"].estimate.undefined == (
        "undefined because there are too few steps: 36 of 40 needed"
    )
    fewer = evaluate("probing", rows_of(6), resampling=NONE, min_labels=12)
    assert fewer["auroc:outcome"].estimate.value is not None


def test_the_rarer_kind_and_the_problems_must_be_enough_too():
    rows = [replace(row, correct=row.id == "p00/1") for row in rows_of(30)]
    reason = evaluate("probing", rows, resampling=NONE)["auroc:outcome"].estimate.undefined
    assert "of the rarer kind: 1 of 10 needed" in reason
    rows = [replace(row, problem=row.problem[:2]) for row in rows_of(30)]
    reason = evaluate("probing", rows, resampling=NONE)["auroc:outcome"].estimate.undefined
    assert "too few problems: 3 of 5 needed" in reason


def test_steps_that_solutions_share_count_once():
    rows = [replace(row, path=(f"{row.id}-a", "b", f"{row.id}-c")) for row in rows_of(20)]
    report = evaluate("probing", rows, resampling=NONE)
    assert report["auroc:step_right"].estimate.n == 20 * (2 + 1 + 2)
    assert report["auroc:outcome"].estimate.n == 40


def preferring(rows, column):
    """Of each problem the solution whose last step has more of a number is preferred under "clarity"."""
    told = []
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        more = first.states.values[-1, column] > second.states.values[-1, column]
        better, worse = (first, second) if more else (second, first)
        told += [replace(better, preferred=(Preferred("clarity", 2, worse.id, 2),)), worse]
    return told


def test_preferences_are_probed_by_differences():
    report = evaluate("probing", preferring(rows_of(60), 2), resampling=QUICK)
    number = report["auroc:preferred clarity"]
    assert number.estimate.value > 0.95
    assert (number.estimate.n, number.unit, number.split) == (60, "pairs", "Preferred: clarity")
    assert report["accuracy:preferred clarity"].chance == 0.5
    assert report["accuracy:preferred clarity"].estimate.value > 0.85
    assert abs(report["reward:preferred clarity"].estimate.value - 0.5) < 0.2
    assert abs(report["lean:preferred clarity"].estimate.value) < 0.3


def test_types_of_error_are_properties_of_wrong_steps():
    rows = rows_of(40)
    rows = [
        replace(
            row,
            marks={
                "calculation": np.where(
                    row.step_labels > 0.5, np.nan, (row.states.values[:, 3] > 0).astype(float)
                )
            },
        )
        for row in rows
    ]
    report = evaluate("probing", rows, resampling=NONE)
    wrong = sum(int((row.step_labels == 0).sum()) for row in rows)
    number = report["auroc:error calculation"]
    assert number.estimate.n == wrong
    assert number.estimate.value > 0.95
    plain = evaluate("probing", rows_of(40), resampling=NONE)
    assert plain.protocol.hash != report.protocol.hash


def test_marks_and_states_must_be_of_the_steps():
    row = rows_of(1)[0]
    for wrong in ({"marks": {"x": np.zeros(2)}}, {"states": States(np.zeros((2, 4)), HEAD)}):
        with pytest.raises(EvaluationError, match="steps"):
            Records.of([replace(row, **wrong)])


def examples(x, right, problem, **known):
    folds = dealt(str(p) for p in np.unique(problem))
    return Examples(x, right, problem, np.array([folds[str(p)] for p in problem]), **known)


def test_a_problem_is_learnt_and_tested_in_one_fold_only():
    """States that name the problem, labels that go by problem: only a leak could predict these."""
    problem = np.repeat(np.arange(40), 5)
    right = (np.arange(40) % 2 == 0)[problem]
    said = probed(examples(np.eye(40)[problem], right, problem))
    assert auroc(said.margin, right) < 0.6
    folds = dealt(str(p) for p in range(40))
    assert np.bincount(list(folds.values())).tolist() == [8] * 5


def test_shuffled_labels_are_not_predicted():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 10))
    said = probed(examples(x, x[:, 0] > 0, np.repeat(np.arange(80), 5)))
    controls = [auroc(m, y) for m, y in zip(said.control, said.shuffled, strict=True)]
    assert abs(np.mean(controls) - 0.5) < 0.08
    assert auroc(said.margin, x[:, 0] > 0) > 0.97


@pytest.mark.parametrize("paired", [False, True])
def test_the_closed_form_is_scikit_learns_ridge(paired):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(120, 6)) * [3, 1, 1, 0.5, 0.1, 1]
    right = np.ones(120, bool) if paired else x[:, 0] + rng.normal(size=120) > 0
    said = probed(examples(x, right, np.repeat(np.arange(24), 5), paired=paired))
    middle = 0 if paired else x.mean(axis=0)
    scale = np.linalg.eigvalsh((x - middle).T @ (x - middle)).mean()
    known = Ridge(alpha=said.strength * scale, fit_intercept=not paired).fit(x, 2.0 * right - 1)
    assert said.strength in STRENGTHS
    np.testing.assert_allclose(said.direction, known.coef_, rtol=1e-6)


def test_main_directions_are_those_of_the_whole_decomposition():
    rng = np.random.default_rng(3)
    states = (rng.normal(size=(200, 8)) * 2.0 ** -np.arange(8)) @ rng.normal(size=(8, 60))
    frame = Frame.of(states, 4)
    z = (states - states.mean(axis=0)) / states.std(axis=0)
    exact = np.linalg.svd(z, full_matrices=False)[2][:4].T
    np.testing.assert_allclose(frame.axes @ frame.axes.T, exact @ exact.T, atol=1e-6)
    np.testing.assert_allclose(frame.placed(states), z @ frame.axes)
    assert Frame.of(states, 60).axes.shape == (60, 60)


def test_what_directions_explain_together_is_that_of_a_regression():
    from scoring.evaluation.suites.probing import _correlation, _explained

    rng = np.random.default_rng(4)
    read = rng.normal(size=(50, 3))
    reading = read @ [1.0, -0.5, 0.2] + rng.normal(size=50)
    columns = np.column_stack([np.ones(50), reading, read])
    sums = (columns.T @ columns).reshape(1, -1)
    expected = LinearRegression().fit(read, reading).score(read, reading)
    assert _explained(5)(sums)[0] == pytest.approx(expected)
    assert _correlation(3, 5)(sums)[0] == pytest.approx(np.corrcoef(reading, read[:, 1])[0, 1])


def test_fewer_main_directions_are_said():
    report = evaluate("probing", worded(), resampling=NONE, components=2)
    assert report.notes == ("probes see the 2 main directions of 5",)
