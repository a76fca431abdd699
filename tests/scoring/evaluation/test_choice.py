"""Best of n, the sweep of aggregations and over-optimisation: exact over all subsets, ties included."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import UndefinedError
from scoring.evaluation import evaluate
from scoring.evaluation.choice import any_of, selection, sizes
from tests.scoring.evaluation.data import NONE, QUICK, pool, solution

POOLS = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=7)


@settings(max_examples=80, deadline=None)
@given(POOLS, st.data())
def test_selection_is_the_average_over_all_subsets_with_ties_by_lot(pairs, data):
    scores, right = (np.array(column) for column in zip(*pairs, strict=True))
    n = data.draw(st.integers(1, len(pairs)))
    chosen = np.zeros(len(pairs))
    subsets = list(itertools.combinations(range(len(pairs)), n))
    for subset in map(list, subsets):
        best = [at for at in subset if scores[at] == scores[subset].max()]
        chosen[best] += 1 / len(best) / len(subsets)
    np.testing.assert_allclose(selection(scores.astype(float), n), chosen, atol=1e-12)
    found = np.mean([right[list(subset)].any() for subset in subsets])
    assert any_of(right, n) == pytest.approx(found)


def test_large_pools_do_not_overflow():
    weights = selection(np.arange(4000.0), 2000)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[-1] == pytest.approx(0.5)  # the best is in half of all halves


def test_sizes_are_powers_of_two_and_the_last():
    assert sizes([32, 40], 0) == (1, 2, 4, 8, 16, 32)
    assert sizes([13, 20], 0) == (1, 2, 4, 8, 13)
    assert sizes([13], 1) == (1,)


def test_the_curve_by_hand():
    rows = [*pool("a", [3, 2, 1], [0, 1, 1]), *pool("b", [3, 3, 1], [1, 0, 1])]
    report = evaluate("best_of_n", rows, resampling=NONE)
    # a: subsets of two {3,2} {3,1} {2,1} -> 0, 0, 1; b: {3,3} 1/2, {3,1} 1, {3,1} 0
    assert report["accuracy@1"].estimate.value == pytest.approx(2 / 3)
    assert report["accuracy@2"].estimate.value == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert report["accuracy@3"].estimate.value == pytest.approx((0 + 1 / 2) / 2)
    assert report["oracle@2"].estimate.value == 1.0
    assert report["gain@3"].estimate.value == pytest.approx(1 / 4 - 2 / 3)
    assert [point.x for point in report.curve("model")] == [1, 2, 3]


def test_the_order_of_tied_solutions_does_not_matter():
    """Taking the first of equals would say 1 here and 0 the other way round."""
    for right in ([1, 0, 0], [0, 0, 1]):
        report = evaluate("best_of_n", pool("a", [1, 1, 1], right), resampling=NONE)
        assert report["accuracy@3"].estimate.value == pytest.approx(1 / 3)


def test_small_pools_are_left_out_at_every_n():
    rows = [*pool("a", [2, 1], [1, 0]), *pool("b", [4, 3, 2, 1], [0, 0, 0, 1])]
    report = evaluate("best_of_n", rows, resampling=NONE, max_n=4)
    assert report["accuracy@1"].estimate.value == pytest.approx(1 / 4)
    assert report["accuracy@1"].estimate.n == 1
    assert report.notes == ("1 problems with fewer than 4 solutions left out",)
    with pytest.raises(UndefinedError, match="no problem has 8 solutions"):
        evaluate("best_of_n", rows, max_n=8)


def test_the_interval_resamples_problems_and_not_solutions():
    rng = np.random.default_rng(0)
    once, often = [], []
    for problem in range(25):
        scores, right = rng.random(4), rng.random(4) < 0.5
        once += pool(f"p{problem:02d}", scores, right)
        often += pool(f"p{problem:02d}", np.tile(scores, 8), np.tile(right, 8))
    few, many = (evaluate("best_of_n", rows, resampling=QUICK)["random"] for rows in (once, often))
    assert many.estimate.low == pytest.approx(few.estimate.low)
    assert many.estimate.high == pytest.approx(few.estimate.high)
    assert few.estimate.low < few.estimate.value < few.estimate.high


def test_the_sweep_finds_the_rule_that_picks_right():
    """The last step tells; the mean is misled by long preambles."""
    rows = []
    for problem in "abc":
        rows += [
            solution(f"{problem}/1", 0.5, 0.5, 0.9, correct=True),
            solution(f"{problem}/2", 0.9, 0.9, 0.2, correct=False),
        ]
    report = evaluate("aggregation", rows, resampling=NONE)
    assert report["accuracy@2:last"].estimate.value == 1.0
    assert report["accuracy@2:mean"].estimate.value == 0.0
    assert report["in_order:min"].estimate.value == 1.0
    assert report["in_order:product"].estimate.value == 1.0  # 0.225 against 0.162
    assert {number.split for number in report.numbers} >= {"Minimum", "Soft minimum"}


def test_pairs_that_tie_count_half():
    rows = [solution("a/1", 0.5, correct=True), solution("a/2", 0.5, correct=False)]
    number = evaluate("aggregation", rows, resampling=NONE)["in_order:min"]
    assert number.estimate.value == 0.5


def test_over_optimisation_by_hand():
    """The model likes b best, the gold reward likes a."""
    rows = pool("p", [1.0, 2.0, 0.0], [1, 0, 0])
    report = evaluate("overoptimisation", rows, resampling=NONE)
    proxy, gold = report.curve("proxy"), report.curve("gold")
    assert [point.estimate.value for point in proxy] == pytest.approx([1.0, 5 / 3, 2.0])
    assert [point.estimate.value for point in gold] == pytest.approx([1 / 3, 1 / 3, 0.0])
    assert [point.x for point in gold] == pytest.approx(
        [0.0, math.log(2) - 1 / 2, math.log(3) - 2 / 3]
    )
    assert report["gold_drop"].estimate.value == pytest.approx(1 / 3)


def test_a_gold_reward_takes_the_place_of_right_and_wrong():
    rows = [
        replace(row, gold=g)
        for row, g in zip(pool("p", [1.0, 2.0], [1, 0]), [10.0, -4.0], strict=True)
    ]
    report = evaluate("overoptimisation", rows, resampling=NONE)
    assert report["gold@2"].estimate.value == -4.0
    assert report["gold_drop"].estimate.value == 7.0


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_without_ties_the_weights_are_the_published_ones(n):
    """E[gold of the best of N] = Σ C(i − 1, N − 1) / C(n, N) gold_(i), sorted by the proxy."""
    scores = np.array([0.3, 0.9, 0.1, 0.5, 0.7])
    rank = scores.argsort().argsort() + 1
    expected = [math.comb(i - 1, n - 1) / math.comb(5, n) for i in rank]
    assert selection(scores, n).tolist() == pytest.approx(expected)


def curved(alpha, beta, size=16):
    """A pool whose gold follows d (α − β d) at n = 1, 2, 4, …, 16 exactly."""
    ns = [1, 2, 4, 8, size]
    d = np.sqrt([math.log(n) - (n - 1) / n for n in ns])
    weights = np.stack([selection(np.arange(size, dtype=float), n) for n in ns])
    gold = np.linalg.lstsq(weights, 0.3 + d * (alpha - beta * d), rcond=None)[0]
    rows = pool("p", range(size), [0] * size)
    return [replace(row, gold=float(g)) for row, g in zip(rows, gold, strict=True)]


def test_the_published_form_of_the_gold_curve_is_found_again():
    found = evaluate("overoptimisation", curved(0.8, 0.5), resampling=NONE)
    assert found["alpha"].estimate.value == pytest.approx(0.8)
    assert found["beta"].estimate.value == pytest.approx(0.5)
    assert found["peak"].estimate.value == pytest.approx(0.8**2)  # d = 0.8 / (2 * 0.5)
    assert found["fit_error"].estimate.value == pytest.approx(0.0, abs=1e-9)
    rising = evaluate("overoptimisation", curved(0.8, -0.1), resampling=NONE)
    assert rising["beta"].estimate.value == pytest.approx(-0.1)
    assert rising["peak"].estimate.undefined.startswith("undefined because the fitted gold")


def test_three_sizes_are_too_few_for_the_form():
    rows = [replace(row, gold=0.0) for row in pool("p", range(4), [0] * 4)]
    keys = {number.key for number in evaluate("overoptimisation", rows, resampling=NONE).numbers}
    assert "gold_drop" in keys
    assert not keys & {"alpha", "beta", "peak", "fit_error"}
