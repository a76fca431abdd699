"""Held-out numbers of comparisons, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.reward.pair_quality import Compared, accuracy, pair_metrics


def compared(margin, longer, problem, loss=(0.2, 0.4), ties=1, lost=2):
    return Compared(
        np.array(margin, dtype=float),
        np.array(longer, dtype=float),
        np.array(problem),
        np.array(loss, dtype=float),
        np.arange(len(loss)),
        ties,
        lost,
    )


def test_equal_rewards_count_half():
    assert accuracy(np.array([1.0, -0.5, 0.0, 2.0]), np.ones(4, dtype=bool)) == 2.5 / 4


def test_no_pair_has_no_accuracy_and_no_fault():
    found = pair_metrics(compared([], [], [], loss=(), ties=0, lost=0))
    assert found["pair_accuracy"].value is None
    assert found["log_loss"].value is None
    assert found["pair_accuracy"].n == 0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_length_baseline_takes_the_direction_that_does_better(sign):
    found = pair_metrics(compared([1, 1, -1, 1], [sign * x for x in (3, 3, 3, -1)], [0, 0, 1, 1]))
    assert found["pair_accuracy"].value == 0.75
    assert found["length_pair_accuracy"].value == 0.75
    assert found["above_length_pair_accuracy"].value == 0.0


def test_means_and_counts_stand_beside_it():
    found = pair_metrics(compared([1, 3], [0, 0], [0, 1]))
    assert found["mean_margin"].value == 2.0
    assert found["log_loss"].value == pytest.approx(0.3)
    assert (found["ties"].value, found["lost"].value, found["lost"].n) == (1.0, 2.0, 4)


def test_intervals_resample_problems():
    """Ten copies of each pair in its problem say no more than one."""
    rng = np.random.default_rng(0)
    margin, problem = rng.normal(0.5, 1.0, size=30), np.arange(30)
    once = pair_metrics(compared(margin, margin * 0, problem))["pair_accuracy"]
    often = pair_metrics(compared(np.repeat(margin, 10), np.zeros(300), np.repeat(problem, 10)))[
        "pair_accuracy"
    ]
    assert often.value == pytest.approx(once.value)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.05)
    assert often.n == 300
