"""Preferences: who is ahead, and how far the distance can be believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import MissingInputError
from scoring.evaluation import Record, evaluate
from scoring.evaluation.records import Preferred
from tests.scoring.evaluation.data import NONE, QUICK


def ranked(problem, better, worse, criterion="", *, tie=False):
    """Two solutions of one step; the first is preferred to the second."""
    told = (Preferred(criterion, 0, f"{problem}/1", 0, tie=tie),)
    return [
        Record(f"{problem}/0", problem, step_scores=np.array([better]), preferred=told),
        Record(f"{problem}/1", problem, step_scores=np.array([worse])),
    ]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_accuracy_by_hand_equal_scores_half_and_ties_of_people_apart():
    rows = [
        *ranked("a", 0.9, 0.2),
        *ranked("b", 0.3, 0.7),
        *ranked("c", 0.5, 0.5),
        *ranked("d", 0.8, 0.5, tie=True),
        *ranked("e", 0.6, 0.5, "clarity"),
    ]
    found = evaluate("pairs", rows, resampling=NONE)
    assert found["accuracy"].estimate.value == 0.5
    assert found["accuracy"].estimate.n == 3
    assert found["accuracy:clarity"].estimate.value == 1.0
    assert found["accuracy:clarity"].split == "clarity"
    assert found["ties"].estimate.value == pytest.approx(0.8 - 0.5)  # σ(logit .8 − 0) − ½
    assert found["ties"].estimate.n == 1


def test_brier_and_log_loss_by_hand_seen_from_both_sides():
    rows = [*ranked("a", 0.9, 0.2), *ranked("b", 0.3, 0.7)]
    p = sigmoid(np.array([np.log(9) - np.log(0.25), np.log(3 / 7) - np.log(7 / 3)]))
    found = evaluate("pairs", rows, resampling=NONE)
    assert found["brier"].estimate.value == pytest.approx(np.mean((1 - p) ** 2))
    assert found["log_loss"].estimate.value == pytest.approx(-np.log(p).mean())
    assert found["brier"].unit == "sides of pairs"


def drawn(n=400, sharp=1.0, turn=False):
    """Pairs whose order follows the odds of unbounded rewards, told ``sharp`` times as far apart."""
    rng = np.random.default_rng(0)
    rows = []
    for at in range(n):
        one, two = rng.normal(size=2)
        if rng.random() > sigmoid(one - two):
            one, two = two, one
        rows += ranked(f"p{at:03d}", sharp * one, sharp * two)
    return rows


def test_the_temperature_is_the_one_that_sharpened():
    plain = evaluate("pairs", drawn(), resampling=NONE)
    sharp = evaluate("pairs", drawn(sharp=4.0), resampling=NONE)
    assert plain.fitted["temperature"] == pytest.approx(1.0, abs=0.35)
    assert sharp.fitted["temperature"] == pytest.approx(4 * plain.fitted["temperature"], rel=1e-2)
    assert sharp["ece_after"].estimate.value < sharp["ece_before"].estimate.value
    assert plain["accuracy"].estimate.value == sharp["accuracy"].estimate.value


def test_the_order_in_which_pairs_are_told_cannot_be_used():
    """A model that says nothing is calibrated, though the first one told is always the preferred."""
    rows = [row for at in range(30) for row in ranked(f"p{at:02d}", 0.5, 0.5)]
    found = evaluate("pairs", rows, resampling=NONE)
    assert found["ece"].estimate.value == pytest.approx(0.0)
    assert found["brier"].estimate.value == 0.25


def test_length_is_set_beside_it_with_its_own_direction():
    rng = np.random.default_rng(1)
    rows = []
    for at in range(60):
        better, worse = ranked(f"p{at:02d}", *rng.random(2))
        rows += [replace(better, steps=("x" * 9,)), replace(worse, steps=("x" * 30,))]
    found = evaluate("pairs", rows, resampling=QUICK)["accuracy"]
    assert found.baselines["length"].value.value == 1.0
    assert found.baselines["length"].difference.high < 0


def test_without_rankings_they_are_asked_for():
    with pytest.raises(MissingInputError, match="rank solutions or steps"):
        evaluate("pairs", [replace(row, preferred=()) for row in ranked("a", 0.1, 0.2)])


def test_calibration_is_of_all_criteria_where_nothing_is_ranked_on_the_whole():
    rows = [*ranked("a", 0.9, 0.2, "clarity"), *ranked("b", 0.3, 0.7, "rigour")]
    found = evaluate("pairs", rows, resampling=NONE)
    assert found.notes[0] == "calibration is of the pairs of all criteria"
    assert found["brier"].estimate.n == 4
    tied = [*ranked("a", 0.9, 0.2, tie=True)]
    assert evaluate("pairs", tied, resampling=NONE).notes == ("no calibration: all pairs are ties",)
