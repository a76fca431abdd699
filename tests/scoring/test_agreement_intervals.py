"""Intervals by resampling problems: right width, same seed same ends, dense or sparse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring import resample
from scoring.agreement import Estimate, Ratings, measure
from scoring.agreement.shares import ratio
from scoring.resample import Resampling
from tests.scoring.agreement_cases import krippendorff, simulated


def halves(n, agree):
    """``n`` items of two annotators, the first ``agree`` of them equal."""
    return [[1, 1] if index < agree else [1, 0] for index in range(n)]


def test_the_interval_of_a_share_is_that_of_a_binomial():
    found = measure("percent", Ratings.table(halves(400, 300)), replicates=4000).estimate
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert found.low == pytest.approx(0.75 - half, abs=0.005)
    assert found.high == pytest.approx(0.75 + half, abs=0.005)
    assert (found.replicates, found.seed) == (4000, 0)
    assert found.method == "95% percentile bootstrap over problems"


def test_problems_are_resampled_and_not_their_steps():
    # 40 problems of ten equal steps carry what 40 steps carry
    units = np.arange(800) // 2
    values = np.concatenate([[1, 1] if unit // 10 < 30 else [1, 0] for unit in range(400)])
    rows = units, np.tile([0, 1], 400), values
    by_problem = measure("percent", Ratings.of(*rows, problems=units // 10)).estimate
    few = measure("percent", Ratings.table(halves(40, 30))).estimate
    assert by_problem.value == few.value == 0.75
    assert by_problem.high - by_problem.low == pytest.approx(few.high - few.low, abs=0.03)
    by_step = measure("percent", Ratings.of(*rows)).estimate
    assert by_step.high - by_step.low < 0.4 * (by_problem.high - by_problem.low)


def test_a_seed_fixes_the_interval():
    first, again, other = (
        measure("alpha_ordinal", krippendorff(), seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.estimate.value == other.estimate.value
    assert (first.estimate.low, first.estimate.high) != (other.estimate.low, other.estimate.high)


@pytest.mark.parametrize(
    "key", ["alpha_nominal", "alpha_ordinal", "alpha_interval", "kappa_quadratic"]
)
def test_a_sparse_table_gives_what_a_dense_one_gives(key, monkeypatch):
    _, ratings = simulated(400, 4, [0.9, 0.8, 0.7, 0.6], missing=0.2)
    dense = measure(key, ratings).estimate
    monkeypatch.setattr(resample, "_DENSE_CELLS", 0)
    monkeypatch.setattr(resample, "_CELLS_AT_ONCE", 40_000)
    sparse = measure(key, ratings).estimate
    assert sparse.value == pytest.approx(dense.value, abs=1e-12)
    assert sparse.low == pytest.approx(dense.low, abs=0.01)
    assert sparse.high == pytest.approx(dense.high, abs=0.01)


def test_merged_rows_are_drawn_as_often_as_single_ones():
    rng = np.random.default_rng(3)
    rows = np.stack([rng.integers(0, 2, 500).astype(float), np.ones(500)], axis=1)
    wide = np.concatenate([rows, np.zeros((500, 64))], axis=1)  # too wide to be merged
    merged, single = (resample.replicates(parts, ratio, Resampling(3000)) for parts in (rows, wide))
    assert merged.mean() == pytest.approx(rows[:, 0].mean(), abs=0.002)
    assert single.mean() == pytest.approx(rows[:, 0].mean(), abs=0.002)
    assert merged.std() == pytest.approx(single.std(), rel=0.06)


def test_one_problem_has_no_interval_and_says_so():
    ratings = Ratings.of([1, 1, 2, 2], [1, 2, 1, 2], [0, 0, 1, 0], problems=[7, 7, 7, 7])
    found = measure("alpha_nominal", ratings).estimate
    assert found.value is not None
    assert (found.low, found.high, found.replicates) == (None, None, 0)
    assert found.notes == ("no interval: all is of one problem",)


def test_resamplings_without_a_value_are_counted():
    found = measure("alpha_nominal", Ratings.table([[1, 1]] * 9 + [[0, 0]])).estimate
    (note,) = found.notes
    # the one item that differs is not drawn with probability 0.9¹⁰ = 0.349
    left_out = int(note.split(" of ")[0])
    assert left_out == pytest.approx(349, abs=60)
    assert found.replicates == 1000 - left_out


def test_an_interval_that_most_resamplings_lack_is_not_given():
    def only_of_all(sums):  # three different problems are drawn once each in 2 of 9 resamplings
        return np.where(sums[:, 0] == 111, 1.0, np.nan)

    found = resample.estimate(
        np.array([[1.0], [10.0], [100.0]]),
        only_of_all,
        undefined="",
        n=3,
        n_raters=2,
        resampling=Resampling(900),
    )
    assert (found.value, found.low, found.high) == (1, None, None)
    count, without = found.notes
    assert int(count.split(" of ")[0]) == pytest.approx(700, abs=60)
    assert without == "no interval"


@pytest.mark.parametrize(
    "fields",
    [
        {"value": math.nan},
        {"value": 1.0, "low": -math.inf},
        {"value": None},
        {"value": 0.5, "undefined": "undefined because …"},
    ],
)
def test_an_estimate_is_a_number_or_a_reason(fields):
    with pytest.raises(ValueError, match="an estimate"):
        Estimate(**fields)
