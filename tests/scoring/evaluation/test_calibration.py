"""Calibration by hand, and a temperature that undoes a known one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from scoring.errors import UndefinedError
from scoring.evaluation import evaluate
from scoring.evaluation.baselines import fold
from scoring.evaluation.suites.calibration import best_temperature, bin_of, scaled
from tests.scoring.evaluation.data import NONE, QUICK, solution


def sharpened(n_problems=200, temperature=0.4, seed=0):
    """Steps right with probability q, scored with q sharpened by a temperature."""
    rng = np.random.default_rng(seed)
    rows = []
    for problem in range(n_problems):
        q = rng.uniform(0.05, 0.95, size=20)
        labels = (rng.random(20) < q).astype(float)
        rows.append(solution(f"p{problem:03d}/1", *scaled(q, temperature), step_labels=labels))
    return rows


def test_hand_computed_numbers():
    rows = [solution("a/1", 0.1, 0.3, 0.7, 0.9, step_labels=[0, 1, 0, 1])]
    report = evaluate("calibration", rows, resampling=NONE, bins=2)
    squares = (0.01 + 0.49 + 0.49 + 0.01) / 4
    assert report["brier"].estimate.value == pytest.approx(squares)
    logs = -(2 * math.log(0.9) + 2 * math.log(0.3)) / 4
    assert report["log_loss"].estimate.value == pytest.approx(logs)
    # bins {0.1, 0.3} and {0.7, 0.9}: half right at 0.2 and at 0.8
    assert report["ece"].estimate.value == pytest.approx(0.3)
    diagram = [(point.x, point.estimate.value) for point in report.curve("reliability")]
    assert diagram == [(pytest.approx(0.2), 0.5), (pytest.approx(0.8), 0.5)]
    assert report.notes == ("no temperature: all problems are in one half",)


def test_bins_have_equal_mass_and_do_not_part_equal_scores():
    p = np.random.default_rng(0).random(1000)
    assert set(np.bincount(bin_of(p, 10))) == {100}
    tied = np.array([0.2] * 50 + [0.9] * 50)
    assert np.bincount(bin_of(tied, 10)[:50]).max() == 50
    assert len(np.unique(bin_of(tied, 10))) == 2
    assert len(np.unique(bin_of(np.full(7, 0.3), 10))) == 1


def test_soft_labels_are_taken_as_they_are():
    rows = [solution("a/1", 0.25, 0.75, step_labels=[0.25, 0.75])]
    report = evaluate("calibration", rows, resampling=NONE)
    assert report["brier"].estimate.value == 0.0
    assert report["ece"].estimate.value == pytest.approx(0.0)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_the_one_that_sharpened(temperature):
    report = evaluate("calibration", sharpened(temperature=temperature), resampling=NONE)
    assert report.fitted["temperature"] == pytest.approx(1 / temperature, rel=0.1)
    assert (
        report["log_loss_after"].estimate.value <= report["log_loss_before"].estimate.value + 1e-3
    )


def test_before_and_after_are_of_the_problems_that_were_not_fitted_on():
    report = evaluate("calibration", sharpened(), resampling=QUICK)
    before, after = report["ece_before"], report["ece_after"]
    assert before.n_problems == after.n_problems < report["ece"].n_problems
    assert after.estimate.high < before.estimate.low
    assert len(report.curve("reliability_after")) == 15


def test_the_temperature_is_fitted_on_one_half_alone():
    """One half is sharpened, the other blurred: the fit knows of the first only."""
    sharp, blurred = sharpened(temperature=0.4), sharpened(temperature=2.5)
    rows = [
        one if fold(one.problem, 2) == 0 else other
        for one, other in zip(sharp, blurred, strict=True)
    ]
    report = evaluate("calibration", rows, resampling=NONE)
    assert report.fitted["temperature"] == pytest.approx(2.5, rel=0.15)
    assert report["log_loss_after"].estimate.value > report["log_loss_before"].estimate.value


def test_the_temperature_is_the_minimum_that_scipy_finds():
    rng = np.random.default_rng(1)
    p = rng.random(300)
    y = (rng.random(300) < p**2).astype(float)

    def loss(log_t):
        q = scaled(p, np.exp(log_t))
        return -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))

    found = minimize_scalar(loss, bounds=(np.log(0.02), np.log(50)), method="bounded")
    assert loss(np.log(best_temperature(p, y))) == pytest.approx(found.fun, abs=1e-9)


def test_solutions_are_calibrated_by_whether_they_are_right():
    rows = [
        solution("a/1", 0.2, 0.9, correct=True),
        solution("a/2", 0.6, 0.9, correct=False),
    ]
    report = evaluate("calibration_outcome", rows, resampling=NONE, aggregation="min")
    assert report["brier"].estimate.value == pytest.approx((0.64 + 0.36) / 2)


def test_logits_are_no_probabilities():
    with pytest.raises(UndefinedError, match="scores outside 0 to 1"):
        evaluate("calibration", [solution("a/1", 1.5, step_labels=[1])])
