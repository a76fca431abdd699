"""Margins that add up, and rank correlation against scipy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from scoring.compare import course, inversions, rank_correlation, waterfall

NAN = math.nan


def test_credit_adds_up_and_levels_are_read_off():
    credit = course([0.5, NAN, -0.25], additive=True, offset=1.0)
    assert credit.added.tolist() == [0.5, 0.0, -0.25]
    assert (credit.total, credit.missing) == (1.25, 1)
    levels = course([0.5, NAN, 0.25], additive=False, offset=0.125)
    assert levels.added.tolist() == [0.375, 0.0, -0.25]
    assert (levels.total, levels.missing) == (0.25, 1)
    assert course([NAN], additive=False, offset=0.5).total == 0.5


@pytest.mark.parametrize("additive", [True, False])
def test_bars_lead_from_one_total_to_the_other_whatever_the_pairs(additive):
    rng = np.random.default_rng(0)
    for _ in range(50):
        one, two = rng.normal(size=rng.integers(1, 40)), rng.normal(size=rng.integers(1, 40))
        one[rng.random(len(one)) < 0.2] = NAN
        first = course(one, additive=additive, offset=float(rng.normal()))
        second = course(two, additive=additive, offset=float(rng.normal()))
        shared = min(len(one), len(two)) // 2
        pairs = [(i, i) for i in range(shared)]
        pairs += [(i, None) for i in range(shared, len(one))]
        pairs += [(None, j) for j in range(shared, len(two))]
        found = waterfall(first, second, pairs)
        assert found.exact
        assert math.fsum(bar.size for bar in found.bars) == pytest.approx(found.margin, abs=1e-12)
        assert found.bars[-1].end == pytest.approx(first.total, abs=1e-12)
        assert found.bars[0].row is None, "the offsets differ"


def test_a_step_that_stands_in_no_pair_is_told_by_the_residual():
    first, second = course([0.5, 0.25], additive=True), course([0.5], additive=True)
    missing = waterfall(first, second, [(0, 0)])
    assert missing.residual == 0.25
    assert not missing.exact


def test_correlation_is_scipys_with_ties_and_gaps():
    rng = np.random.default_rng(1)
    for size in (2, 3, 10, 400):
        x = rng.integers(0, 5, size).astype(float)
        y = np.round(x + rng.normal(size=size), 0)
        x[0], y[0], x[-1], y[-1] = 0.0, 0.0, 4.0, 4.0
        found = rank_correlation(np.append(x, NAN), np.append(y, 1.0))
        assert found.n == size
        assert found.tau_b == pytest.approx(stats.kendalltau(x, y).statistic)
        assert found.rho == pytest.approx(stats.spearmanr(x, y).statistic)


def test_correlation_says_why_there_is_none():
    assert rank_correlation([1.0, NAN], [1.0, 2.0]).undefined.endswith("both numbers")
    constant = rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])
    assert constant.tau_b is None
    assert constant.rho is None
    assert "first are equal" in constant.undefined
    assert "second are equal" in rank_correlation([1.0, 2.0], [3.0, 3.0]).undefined


def test_inversions_are_those_of_all_pairs():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 37, 200)
    slow = sum(int(a > b) for i, a in enumerate(codes) for b in codes[i + 1 :])
    assert inversions(codes) == slow
    assert inversions(np.zeros(5, np.int64)) == 0


def test_a_sum_that_no_float_holds_is_no_number():
    assert np.isnan(course([1e308, 1e308], additive=True).total)
