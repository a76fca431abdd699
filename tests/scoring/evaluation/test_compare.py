"""Two models: the difference is paired, and the test swaps them within problems."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import EvaluationError, MissingInputError
from scoring.evaluation import SUITES, Record, compare, evaluate
from scoring.resample import Resampling
from tests.scoring.evaluation.data import NONE, QUICK, pool, solution, worded

MANY = Resampling(replicates=20_000)


def pools(*right):
    """A pool of two per problem; ``right`` says where the model picks the right one."""
    picks = [[1.0, 0.0] if good else [0.0, 1.0] for good in right]
    return [row for k, scores in enumerate(picks) for row in pool(f"p{k}", scores, [1, 0])]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((1, 1, 1, 1, 1, 1, 0), (0, 0, 0, 0, 0, 1, 0), 2 / 32),  # all five one way or the other
        ((1, 1, 1, 0, 1, 0, 0), (0, 0, 0, 1, 1, 0, 0), 10 / 16),  # three to one or further
        ((1, 0), (0, 1), 1.0),
    ],
)
def test_the_test_agrees_with_all_ways_of_swapping(first, second, expected):
    found = compare("best_of_n", pools(*first), pools(*second), resampling=MANY)["accuracy@2"]
    gap = np.subtract(first, second)
    every = [abs((gap * signs).sum()) for signs in itertools.product((1, -1), repeat=len(gap))]
    assert np.mean(np.array(every) >= abs(gap.sum())) == expected
    assert found.p == pytest.approx(expected, abs=0.01)
    assert found.difference.value == pytest.approx(gap.mean())
    assert found.difference.n == len(gap)


def test_a_sample_of_swaps_never_gives_a_p_of_zero():
    found = compare("best_of_n", pools(*[1] * 60), pools(*[0] * 60), resampling=QUICK)
    assert found["accuracy@2"].p == 1 / 201


def test_a_model_compared_with_itself_differs_by_nothing():
    rows = worded()
    for key in SUITES:
        for found in compare(key, rows, rows, resampling=QUICK).differences:
            if found.difference.value is not None:
                assert found.difference.value == 0
                assert found.p in (1.0, None)


def test_a_better_model_is_told_apart():
    one, two = worded(40, noise=0.05), worded(40, noise=0.6, seed=5)
    found = compare("prmbench", one, two, resampling=QUICK)["prm_score"]
    assert found.difference.low > 0
    assert found.p < 0.01
    assert found.first.value - found.second.value == pytest.approx(found.difference.value)


def test_the_paired_interval_is_narrower_than_its_parts():
    rng = np.random.default_rng(0)
    one, two = [], []
    for k in range(150):
        easy = rng.random() < 0.5  # both right or both wrong, nearly always
        for rows, slip in ((one, 0.01), (two, 0.03)):
            right = easy != (rng.random() < slip)
            rows += pool(f"p{k:03d}", [1.0, 0.0] if right else [0.0, 1.0], [1, 0])
    found = compare("best_of_n", one, two, resampling=QUICK)["accuracy@2"]
    width = found.difference.high - found.difference.low
    assert width < (found.first.high - found.first.low) / 2


def test_statistics_without_sums_have_no_test_but_an_interval():
    found = compare("steps", worded(), worded(seed=3), resampling=QUICK)["auroc"]
    assert found.p is None
    assert found.difference.low <= found.difference.value <= found.difference.high


def test_what_one_of_them_did_not_score_is_left_out_of_both():
    one, two = worded(), worded(seed=3)
    two[0] = replace(two[0], step_scores=np.full(4, np.nan))
    found = compare("processbench", one, two, resampling=NONE)
    assert found.notes == ("1 of 48 records left out: they lack what the suite needs",)
    alone = evaluate("processbench", one[1:], resampling=NONE)
    assert found.protocol.hash == alone.protocol.hash
    assert found["f1"].first.value == alone["f1"].estimate.value


def test_steps_that_one_of_them_did_not_score_are_left_out_of_both():
    """With its own steps only, the second model would look perfect."""
    labels = [1, 0, 1]
    one = [solution("a/1", 0.9, 0.1, 0.05, step_labels=labels)]
    two = [solution("a/1", 0.9, 0.1, np.nan, step_labels=labels)]
    found = compare("steps", one, two, resampling=NONE)["auroc"]
    assert (found.first.value, found.second.value, found.first.n) == (1.0, 1.0, 2)
    assert evaluate("steps", one, resampling=NONE)["auroc"].estimate.value == 0.5


def test_a_labelled_solution_without_any_score_is_asked_for_one():
    with pytest.raises(MissingInputError, match="score them with the model"):
        evaluate("steps", [Record("a", "p", step_labels=np.array([1.0, 0.0]))])


def test_other_labels_are_another_protocol():
    one = [solution("a/1", 0.5, first_error=0)]
    with pytest.raises(EvaluationError, match="numbers compare only under one protocol"):
        compare("processbench", one, [solution("a/1", 0.5, first_error=-1)])


def test_nothing_in_common_is_said():
    one = [solution("a/1", np.nan, first_error=0), solution("b/1", 0.1, first_error=0)]
    two = [solution("a/1", 0.1, first_error=0), solution("b/1", np.nan, first_error=0)]
    with pytest.raises(MissingInputError, match="for both models"):
        compare("processbench", one, two)
