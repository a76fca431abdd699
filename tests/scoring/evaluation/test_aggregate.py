"""Six rules from step scores to one score, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.errors import UndefinedError, UnknownNameError
from scoring.evaluation import Record
from scoring.evaluation.aggregate import AGGREGATIONS, outcome
from tests.scoring.evaluation.data import solution


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("min", 0.5),
        ("product", math.log(0.8) + math.log(0.5) + math.log(1.0)),
        ("mean", 2.3 / 3),
        ("last", 1.0),
        ("geometric", 0.4 ** (1 / 3)),
        # r = 0.6, 0, 1; weights exp(-r / 0.1) relative to the least
        (
            "softmin",
            0.6 * math.exp(-6) / (math.exp(-6) + 1 + math.exp(-10))
            + math.exp(-10) / (math.exp(-6) + 1 + math.exp(-10)),
        ),
    ],
)
def test_a_rule_gives_what_its_formula_says(rule, expected):
    assert outcome(solution("a/1", 0.8, 0.5, 1.0), rule) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rule", [key for key in AGGREGATIONS if key != "last"])
def test_the_same_scores_in_another_order_tie_exactly(rule):
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = rng.random(9)
        one = outcome(solution("a/1", *scores), rule)
        assert outcome(solution("a/2", *rng.permutation(scores)), rule) == one


def test_a_zero_is_clipped_in_a_product_and_not_minus_infinity():
    assert outcome(solution("a/1", 0.0, 1.0), "product") == pytest.approx(math.log(1e-30))


def test_an_unscored_step_leaves_the_solution_without_a_score():
    assert math.isnan(outcome(solution("a/1", 0.5, math.nan), "min"))
    assert math.isnan(outcome(Record("a", "p"), "min"))


def test_the_models_own_score_is_taken_as_it_is():
    assert outcome(Record("a", "p", score=-3.5), "score") == -3.5


def test_a_product_of_logits_is_refused():
    with pytest.raises(UndefinedError, match="'product' needs scores from 0 to 1"):
        outcome(solution("a/1", 0.5, 1.5), "product")


def test_an_unknown_rule_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="min, product, mean, last, geometric, softmin"):
        outcome(solution("a/1", 0.5), "median")
