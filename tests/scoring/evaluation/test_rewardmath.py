"""RewardMATH by hand: one right solution against many wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.errors import EvaluationError
from scoring.evaluation import evaluate
from tests.scoring.evaluation.data import NONE, pool

RIGHT = [1, *[0] * 9]


def test_hand_computed_numbers():
    rows = [
        *pool("a", [10, *range(9)], RIGHT),  # above all: rank 1
        *pool("b", [5, 5, 1, 1, 1, 1, 1, 1, 1, 1], RIGHT),  # one tie: rank 2
        *pool("c", [3, 9, 8, 7, 1, 1, 1, 1, 1, 1], RIGHT),  # three above: rank 4
    ]
    report = evaluate("rewardmath", rows, resampling=NONE)
    assert report["accuracy"].estimate.value == pytest.approx(1 / 3)
    assert report["accuracy_with_ties"].estimate.value == pytest.approx(2 / 3)
    assert report["mrr"].estimate.value == pytest.approx((1 + 1 / 2 + 1 / 4) / 3)


def test_chance_of_one_against_nine_is_what_the_paper_says():
    report = evaluate("rewardmath", pool("a", range(10), RIGHT), resampling=NONE)
    assert report["accuracy"].chance == pytest.approx(0.10)
    assert report["mrr"].chance == pytest.approx(0.2929, abs=5e-5)


def test_two_right_solutions_are_against_the_protocol():
    with pytest.raises(EvaluationError, match="needs one right solution among wrong ones"):
        evaluate("rewardmath", pool("a", [1, 2, 3], np.array([1, 1, 0])))
