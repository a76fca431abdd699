"""PRMBench by hand, and against the upstream rules written as loops."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.evaluation import evaluate
from scoring.evaluation.sources import of_prmbench
from tests.scoring.evaluation.data import NONE, solution

# circular: TP 2, FP 1, TN 1, FN 1; deception: TP 1, FP 1, TN 0, FN 0
ROWS = [
    solution("a/c", 0.9, 0.8, 0.6, 0.2, 0.5, split="circular", step_labels=[1, 1, 0, 0, 1]),
    solution("a/d", 0.9, 0.8, split="deception", step_labels=[1, 0]),
]


def values(report):
    return {number.key: number.estimate.value for number in report.numbers}


def test_hand_computed_numbers():
    found = values(evaluate("prmbench", ROWS, resampling=NONE))
    f1, negative = 2 * 2 / (4 + 1 + 1), 2 * 1 / (2 + 1 + 1)
    assert found["f1:circular"] == pytest.approx(f1)
    assert found["negative_f1:circular"] == pytest.approx(negative)
    assert found["prm_score:circular"] == pytest.approx((f1 + negative) / 2)
    assert found["first_error:circular"] == 0.0  # the first wrong step is scored 0.6
    # total: TP 3, FP 2, TN 1, FN 1
    assert found["f1"] == pytest.approx(6 / 9)
    assert found["negative_f1"] == pytest.approx(2 / 5)
    assert found["prm_score"] == pytest.approx((6 / 9 + 2 / 5) / 2)


def test_a_score_at_the_threshold_is_judged_wrong():
    rows = [solution("a/c", 0.5, 0.5, split="circular", step_labels=[1, 0])]
    found = values(evaluate("prmbench", rows, resampling=NONE))
    assert (found["f1"], found["negative_f1"]) == (0.0, pytest.approx(2 / 3))


def test_a_class_without_wrong_steps_has_an_f1_and_no_score():
    rows = [*ROWS, solution("a/m", 0.9, 0.1, split="multi_solutions", step_labels=[1, 1])]
    report = evaluate("prmbench", rows, resampling=NONE)
    assert report["f1:multi_solutions"].estimate.value == pytest.approx(2 / 3)
    assert report["prm_score:multi_solutions"].estimate.value is None
    assert "undefined because" in report["prm_score:multi_solutions"].estimate.undefined


def test_untouched_solutions_have_a_row_and_no_part_in_the_total():
    rows = [*ROWS, solution("a/o", 0.9, 0.9, 0.9, split="correct", step_labels=[1, 1, 1])]
    found, before = (values(evaluate("prmbench", r, resampling=NONE)) for r in (rows, ROWS))
    assert found["f1:correct"] == 1.0
    assert found["prm_score"] == before["prm_score"]


def test_categories_average_their_classes_with_multi_solutions_by_its_f1():
    """The leaderboard's first row: (33.1 + 32.3 + 81.1) / 3 = 48.8."""
    labels = {"missing_condition": [1, 0], "deception": [1, 0], "multi_solutions": [1, 1]}
    rows = [
        solution(f"a/{name}", 0.9, 0.1 if name == "deception" else 0.9, split=name, step_labels=y)
        for name, y in labels.items()
    ]
    found = values(evaluate("prmbench", rows, resampling=NONE))
    score = found["prm_score:missing_condition"], found["prm_score:deception"]
    assert found["category:sensitivity"] == pytest.approx((sum(score) + 1.0) / 3)
    assert "category:soundness" not in found


def test_similarity_is_to_the_original_and_skips_one_with_nothing_judged_right():
    rows = [
        solution("o1", 0.9, 0.9, 0.1, 0.1, problem="a", split="correct", step_labels=[1] * 4),
        solution("x1", 0.9, 0.1, problem="a", split="circular", step_labels=[1, 0], original="o1"),
        solution("y1", 0.9, 0.9, problem="a", split="deception", step_labels=[1, 0], original="o1"),
        solution("o2", 0.1, problem="b", split="correct", step_labels=[1]),
        solution("x2", 0.9, 0.9, problem="b", split="circular", step_labels=[1, 0], original="o2"),
    ]
    number = evaluate("prmbench", rows, resampling=NONE)["similarity"]
    assert number.estimate.value == pytest.approx((0.0 + 0.5) / 2)
    assert number.estimate.n == 2


def test_rows_of_the_benchmark_count_steps_from_one_and_may_point_beyond_both_ends():
    row = {
        "idx": "prm_test_p1_0",
        "classification": "redundency",
        "original_process": ["a", "b"],
        "modified_process": ["a", "x", "b"],
        "error_steps": [0, 2, 4],
    }
    records = list(of_prmbench([row, row]))
    assert [record.id for record in records] == [
        "redundency_prm_test_p1_0",
        "correct_prm_test_p1_0",
    ]
    np.testing.assert_array_equal(records[0].step_labels, [1, 0, 1])
    np.testing.assert_array_equal(records[1].step_labels, [1, 1])
    assert records[0].original == records[1].id
    assert {record.problem for record in records} == {"prm_test_p1_0"}
