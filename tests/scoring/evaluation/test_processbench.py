"""ProcessBench by hand: first step below the threshold, F1 of two accuracies, averaged over splits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scoring.errors import MissingInputError, ParameterError
from scoring.evaluation import evaluate
from scoring.evaluation.baselines import fold
from scoring.evaluation.suites.processbench import best_threshold, f1, predicted
from tests.scoring.evaluation.data import NONE, QUICK, solution

# gsm8k: 2 of 3 wrong solutions named (2/3), 1 of 2 right ones passed (1/2): F1 = 4/7.
# math: 1 of 1 and 0 of 1: F1 = 0.
ROWS = [
    solution("a/1", 0.9, 0.4, 0.3, first_error=1, split="gsm8k"),
    solution("b/1", 0.2, 0.9, first_error=0, split="gsm8k"),
    solution("c/1", 0.9, 0.4, 0.1, first_error=2, split="gsm8k"),
    solution("d/1", 0.9, 0.5, first_error=-1, split="gsm8k"),
    solution("e/1", 0.9, 0.49, first_error=-1, split="gsm8k"),
    solution("f/1", 0.9, 0.1, first_error=1, split="math"),
    solution("g/1", 0.3, first_error=-1, split="math"),
]


def test_hand_computed_numbers():
    report = evaluate("processbench", ROWS, resampling=NONE)
    values = {number.key: number.estimate.value for number in report.numbers if not number.series}
    assert values == pytest.approx(
        {
            "f1": 2 / 7,
            "f1:gsm8k": 4 / 7,
            "error_accuracy:gsm8k": 2 / 3,
            "correct_accuracy:gsm8k": 1 / 2,
            "f1:math": 0.0,
            "error_accuracy:math": 1.0,
            "correct_accuracy:math": 0.0,
        }
    )
    assert report["error_accuracy:gsm8k"].estimate.n == 3
    assert report["f1"].estimate.n == 7
    assert report["f1"].n_problems == 7


def test_a_score_at_the_threshold_counts_as_good():
    assert predicted(np.array([0.5, 0.49]), 0.5) == 1
    assert predicted(np.array([0.5]), 0.5) == -1


def test_nothing_hit_on_both_sides_is_an_f1_of_zero():
    rows = [solution("a/1", 0.9, first_error=0), solution("b/1", 0.1, first_error=-1)]
    assert evaluate("processbench", rows, resampling=NONE)["f1"].estimate.value == 0.0


def test_a_split_with_one_kind_of_solution_has_no_f1_and_says_why():
    report = evaluate("processbench", [ROWS[0], ROWS[1]], resampling=NONE)
    assert report["f1:gsm8k"].estimate.undefined.endswith(
        "with and without a wrong step are needed"
    )
    assert report["correct_accuracy:gsm8k"].estimate.value is None
    assert report["error_accuracy:gsm8k"].estimate.value == 1.0


def test_another_threshold_is_another_protocol():
    one = evaluate("processbench", ROWS, resampling=NONE)
    two = evaluate("processbench", ROWS, resampling=NONE, threshold=0.45)
    assert two["f1:gsm8k"].estimate.value == pytest.approx(0.8)  # 2/3 and 1
    assert one.protocol.hash != two.protocol.hash
    assert one.protocol.hash == evaluate("processbench", ROWS, resampling=QUICK).protocol.hash


def test_a_solution_with_an_unscored_step_is_left_out_and_counted():
    rows = [*ROWS, solution("h/1", np.nan, 0.2, first_error=1, split="math")]
    report = evaluate("processbench", rows, resampling=NONE)
    assert report.notes == ("1 of 8 records left out: they lack what the suite needs",)
    assert report.protocol.hash == evaluate("processbench", ROWS, resampling=NONE).protocol.hash


def test_solutions_without_a_first_error_are_asked_for():
    with pytest.raises(MissingInputError, match="judge solutions up to their first wrong step"):
        evaluate("processbench", [solution("a/1", 0.5)])


def test_the_curve_of_thresholds_has_the_same_f1_at_the_same_threshold():
    curve = evaluate("processbench", ROWS, resampling=NONE).curve("threshold")
    assert [point.x for point in curve] == pytest.approx([0.05 * k for k in range(1, 20)])
    for point in curve:
        alone = evaluate("processbench", ROWS, resampling=NONE, threshold=point.x)
        assert point.estimate.value == pytest.approx(alone["f1"].estimate.value)
    assert len({point.estimate.value for point in curve}) > 1


def test_the_thresholds_of_scores_that_are_no_probabilities_lie_within_them():
    rows = [solution("a/1", -3.0, 5.0, first_error=0), solution("b/1", 1.0, first_error=-1)]
    curve = evaluate("processbench", rows, resampling=NONE).curve("threshold")
    assert (curve[0].x, curve[-1].x) == pytest.approx((-3 + 8 / 20, 5 - 8 / 20))
    assert [point.estimate.value for point in curve[:2]] == [1.0, 1.0]


@pytest.mark.parametrize("seed", range(8))
def test_the_tuned_threshold_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for at in range(40):
        scores = np.round(rng.random(rng.integers(1, 6)), 1)  # many ties
        first = int(rng.integers(-1, len(scores)))
        rows.append(solution(f"p{at}/1", *scores, first_error=first))

    def score(threshold):
        hit = np.array([predicted(row.step_scores, threshold) == row.first_error for row in rows])
        wrong = np.array([row.first_error != -1 for row in rows])
        return float(f1(np.array([hit[wrong].mean()]), np.array([hit[~wrong].mean()]))[0])

    everywhere = [score(t) for t in np.arange(-0.05, 1.2, 0.05)]
    assert score(best_threshold(rows)) == pytest.approx(max(everywhere), abs=1e-12)


def test_a_threshold_tuned_on_a_split_is_used_on_all_of_them_and_reported():
    report = evaluate("processbench_tuned", ROWS, resampling=NONE, tune_on="gsm8k")
    # from 0.2 (the wrong step of b) to 0.4 (before that of c): 2/3 and 2/2
    assert report.fitted["threshold"] == pytest.approx((0.2 + 0.4) / 2)
    assert report["f1:gsm8k"].estimate.value == pytest.approx(0.8)
    assert "optimistic" in report.notes[0]


def test_a_split_that_is_not_there_cannot_be_tuned_on():
    with pytest.raises(MissingInputError, match="split 'omnimath'"):
        evaluate("processbench_tuned", ROWS, tune_on="omnimath")
    with pytest.raises(ParameterError, match="'tune_on' of 'processbench_tuned' must be"):
        evaluate("processbench_tuned", ROWS, tune_on="nope")


def test_without_a_split_a_problems_threshold_comes_from_other_problems():
    """Each problem's own best threshold would find its error; none is found from the others."""
    rows = []
    for at, level in itertools.product(range(15), (0.2, 0.8)):
        first = 1 if level == 0.2 else -1
        rows.append(solution(f"p{at}{level}/1", 0.9, level, first_error=first))
    report = evaluate("processbench_tuned", rows, resampling=NONE)
    assert set(report.fitted) == {f"threshold_{k}" for k in range(1, 6)}
    assert all(0.2 < threshold < 0.8 for threshold in report.fitted.values())
    assert report["f1"].estimate.value == 1.0


def test_each_fold_is_judged_by_the_threshold_of_the_others():
    """A problem's solutions want its own threshold, so that the folds' thresholds differ."""
    rng = np.random.default_rng(3)
    rows = []
    for k in range(60):
        level = 0.2 + 0.6 * fold(f"p{k}") / 4
        rows.append(solution(f"p{k}/1", level + 0.05 * rng.random(), first_error=-1))
        rows.append(solution(f"p{k}/2", level - 0.05 * rng.random(), first_error=0))
    report = evaluate("processbench_tuned", rows, resampling=NONE)
    assert len(set(report.fitted.values())) > 1
    hits = {True: [], False: []}
    for row in rows:
        others = [one for one in rows if fold(one.problem) != fold(row.problem)]
        named = predicted(row.step_scores, best_threshold(others))
        hits[row.first_error == -1].append(named == row.first_error)
    expected = f1(*(np.array([np.mean(hits[right])]) for right in (False, True)))[0]
    assert report["f1"].estimate.value == pytest.approx(expected)
    assert expected < 1


def test_one_problem_has_no_others_to_tune_on():
    rows = [
        solution("a/1", 0.9, first_error=-1),
        solution("a/2", 0.1, first_error=0),
    ]
    with pytest.raises(MissingInputError, match="tune on more data"):
        evaluate("processbench_tuned", rows)
