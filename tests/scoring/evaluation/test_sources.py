"""Rows of benchmarks and labelled trees become records; index bases and shared steps come out right."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.evaluation import evaluate
from scoring.evaluation.sources import of_processbench, of_tree
from scoring.tree import Tree
from tests.scoring.evaluation.data import NONE


def test_rows_of_processbench_count_from_zero_and_share_a_problem_by_its_text():
    row = {
        "id": "gsm8k-0",
        "generator": "Qwen2-7B-Instruct",
        "problem": "Sue lives in a fun neighbourhood.",
        "steps": ["a", "b"],
        "final_answer_correct": False,
        "label": 1,
    }
    one, two = of_processbench([row, {**row, "id": "gsm8k-1", "label": -1}], "gsm8k")
    assert (one.first_error, two.first_error, one.split) == (1, -1, "gsm8k")
    assert one.problem == two.problem
    np.testing.assert_array_equal(one.labels, [1, 0])


def tree_of(outcomes=(1, 0)):
    return Tree.from_records(
        [
            {"id": 0, "parent": None, "text": "problem"},
            {"id": 1, "parent": 0, "text": "shared"},
            {"id": 2, "parent": 1, "text": "good", "outcome": outcomes[0]},
            {"id": 3, "parent": 1, "text": "bad", "outcome": outcomes[1]},
        ]
    )


def test_a_tree_counts_a_shared_step_once():
    scores, targets = np.array([np.nan, 0.9, 0.8, 0.1]), np.array([np.nan, 1.0, 1.0, 0.0])
    rows = list(of_tree("p", tree_of(), scores, targets))
    assert [row.path for row in rows] == [("1", "2"), ("1", "3")]
    assert [row.first_error for row in rows] == [-1, 1]
    assert [row.correct for row in rows] == [True, False]
    np.testing.assert_array_equal(rows[1].step_labels, [np.nan, 0.0])
    assert evaluate("steps", rows, resampling=NONE)["auroc"].estimate.n == 3
    assert evaluate("processbench", rows, resampling=NONE)["f1"].estimate.value == 1.0
    assert (
        evaluate("best_of_n", rows, resampling=NONE, aggregation="min")["accuracy@2"].estimate.value
        == 1.0
    )


def test_each_trace_of_a_tree_can_have_all_labels_of_its_steps():
    scores, targets = np.array([np.nan, 0.9, 0.8, 0.1]), np.array([np.nan, 1.0, 1.0, 0.0])
    rows = list(of_tree("p", tree_of(), scores, targets, once=False))
    assert [list(row.step_labels) for row in rows] == [[1.0, 1.0], [1.0, 0.0]]
    report = evaluate("prmbench", rows, resampling=NONE)
    assert report.n_records == 2  # the one with the shared step labelled elsewhere is not left out
    assert report["prm_score"].estimate.n == 4


@pytest.mark.parametrize(
    ("targets", "first"),
    [
        ([np.nan, 1, 0, np.nan], [1, None]),  # judged up to the error; not to the end
        ([np.nan, 0, 1, np.nan], [0, 0]),
        ([np.nan, np.nan, 0, 1], [None, None]),  # who knows what the first step was
        ([np.nan] * 4, [None, None]),
    ],
)
def test_a_first_error_is_known_only_of_traces_judged_up_to_it(targets, first):
    scores = np.array([np.nan, 0.9, 0.8, 0.1])
    rows = list(of_tree("p", tree_of((None, 1)), scores, np.array(targets, float)))
    assert [row.first_error for row in rows] == first
    assert [row.correct for row in rows] == [None, True]
