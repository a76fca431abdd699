"""Accuracy, time, drift and distribution of single annotators."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_ind

from scoring.agreement import Ratings
from scoring.agreement.annotators.accuracy import NO_GOLD, gold_accuracy, wilson
from scoring.agreement.annotators.distribution import label_distribution
from scoring.agreement.annotators.drift import (
    accuracy_change,
    drift,
    newcombe,
    severity_change,
)
from scoring.agreement.annotators.timing import step_time
from scoring.agreement.base import NO_NUMBERS, NOTHING_SHARED
from scoring.errors import AgreementError, ParameterError


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17: 857–872, table I, method 3
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_of_published_counts(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=0.00006)
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low), abs=0.00006)


def test_newcombes_interval_of_a_difference():
    # Newcombe 1998, Statistics in Medicine 17: 873–890, table II (a), method 10
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=0.00006)


def test_gold_accuracy_by_hand():
    ratings = Ratings.of(
        ["s1", "s2", "s3", "s1", "s2", "s4"],
        ["ann"] * 3 + ["bob"] * 2 + ["cyd"],
        [1, 0, 1, -1, 0, 1],
    )
    found = gold_accuracy(ratings, {"s1": 1, "s2": 0, "s9": 1, "s3": 7})
    assert found["ann"].value == pytest.approx(2 / 3)  # a gold rating nobody gave counts as missed
    assert (found["ann"].n, found["bob"].value, found["bob"].n) == (3, 0.5, 2)
    assert (found["ann"].low, found["ann"].high) == wilson(2, 3)
    assert (found["cyd"].value, found["cyd"].undefined) == (None, NO_GOLD)


def test_step_time_is_median_and_quartiles():
    found = step_time(["ann", "bob", "ann", "ann", "ann"], [1000, 50, 3000, 2000, 600_000])
    assert (found["ann"].low, found["ann"].value, found["ann"].high) == (1750, 2500, 152_250)
    assert (found["ann"].n, found["bob"].value) == (4, 50)


@pytest.mark.parametrize("spent", [-1, math.nan, math.inf, None])
def test_a_senseless_time_is_refused(spent):
    with pytest.raises(AgreementError, match="ann took"):
        step_time(["ann"], [spent])
    with pytest.raises(AgreementError, match="different lengths: 2, 1"):
        step_time(["ann", "bob"], [1])


def test_label_distribution_counts_unused_categories_too():
    ratings = Ratings.of([1, 2, 3, 1], ["ann"] * 3 + ["bob"], [1, 1, -1, 0], categories=(-1, 0, 1))
    found = label_distribution(ratings)
    assert found["ann"].counts == (1, 0, 2)
    assert [share.value for share in found["bob"].shares] == [0, 1, 0]
    assert (found["ann"].shares[2].low, found["ann"].shares[2].high) == wilson(2, 3)


# --- drift ---------------------------------------------------------------------------------------


def test_drift_by_hand():
    """Ann is right on six golds, then wrong on three; bob rates 0 everywhere, ann goes 1 → −1."""
    units = list(range(9)) * 2
    ratings = Ratings.of(units, ["ann"] * 9 + ["bob"] * 9, [1] * 6 + [-1] * 3 + [0] * 9)
    order = [90 - unit for unit in range(9)] + list(range(9))  # ann labelled from the last item on
    found = drift(ratings, order, dict.fromkeys(range(9), 1), windows=3)["ann"]
    assert [part.value for part in found.accuracy] == [0, 1, 1]
    assert found.accuracy_change.value == 1
    assert (found.accuracy_change.low, found.accuracy_change.high) == newcombe(3, 3, 0, 3)
    assert [part.value for part in found.severity] == [-1, 1, 1]
    assert found.severity_change.value == 2
    assert found.severity_change.low is None
    assert found.severity_change.notes == ("no interval: nothing varies",)


def test_severity_is_against_the_others_mean():
    ratings = Ratings.table([[1, 0, -1], [1, 1, None]])
    found = drift(ratings, range(5), {}, windows=1)
    assert [found[rater].severity[0].value for rater in (0, 1, 2)] == [0.75, 0.0, -1.5]
    assert found[0].accuracy == ()


def test_severity_change_is_welchs():
    leaning = np.array([0.0, 1, 1, 0, 2, 5, 5, 5, 1, 2, 2, 3])
    found = severity_change(leaning, "")
    expected = ttest_ind(leaning[-4:], leaning[:4], equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.value == pytest.approx(1.5)


def test_accuracy_change_leaves_the_middle_out():
    found = accuracy_change(np.array([True, True, False, False, True, False, True]))
    assert found.value == pytest.approx((1 - 2) / 2)
    assert found.n == 4


def test_the_end_of_a_window_is_a_t_interval():
    ratings = Ratings.table([[1, 0], [-1, 0], [1, 0], [0, 0]])
    (window,) = drift(ratings, range(8), {}, windows=1)[0].severity
    # mean 1/4, deviation √(11/12), t(3) = 3.182
    half = 3.182446 * math.sqrt(11 / 12) / 2
    assert (window.low, window.high) == pytest.approx((0.25 - half, 0.25 + half), abs=1e-5)


def test_too_little_to_speak_of_drift_is_said():
    ratings = Ratings.table([[1, 0]] * 5)
    found = drift(ratings, range(10), {0: 1})[0]
    assert found.accuracy_change.undefined == (
        "undefined because only 1 gold items were rated; 6 are needed"
    )
    assert found.severity_change.undefined.startswith("undefined because only 5 items")
    alone = drift(Ratings.table([[1], [0]]), [1, 2], {})[0]
    assert alone.severity_change.undefined == NOTHING_SHARED
    named = drift(Ratings.table([["a", "b"]]), [1, 2], {})[0]
    assert named.severity_change.undefined == NO_NUMBERS


def test_senseless_arguments_of_drift_are_refused():
    ratings = Ratings.table([[1, 0]])
    with pytest.raises(AgreementError, match="2 ratings, but 1 places"):
        drift(ratings, [1], {})
    with pytest.raises(ParameterError, match="windows"):
        drift(ratings, [1, 2], {}, windows=0)
