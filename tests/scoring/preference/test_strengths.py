"""Strengths equal published tables, closed forms, another library and a plain search."""

from __future__ import annotations

import math

import choix
import numpy as np
import pytest
from scipy.optimize import minimize

from scoring.preference.aggregate import aggregate
from tests.scoring.preference.cases import CITATIONS, PUDDINGS, ranking, table
from tests.scoring.preference.strength_data import errors, values


def test_bradley_terry_equals_the_published_citation_strengths():
    """R's BradleyTerry2 2012, ``BTabilities`` with sum-to-zero contrasts and against Biometrika."""
    result = aggregate(table(CITATIONS), "bradley_terry", prior_sd=0)
    assert values(result) == pytest.approx(
        {1: 0.7899221, 2: -2.1591504, 3: 0.3103523, 4: 1.0588761}, abs=1e-6
    )
    assert errors(result) == pytest.approx(
        {1: 0.04333047, 2: 0.07257974, 3: 0.04164102, 4: 0.05304699}, abs=1e-7
    )
    expected = {
        2: (-2.9490725, 0.10254534),
        3: (-0.4795698, 0.06058873),
        4: (0.2689541, 0.07082997),
    }
    for item, (value, error) in expected.items():
        gap = result.difference(item, 1)
        assert (gap.value, gap.std_error) == pytest.approx((value, error), abs=1e-6)
        assert gap.high - gap.value == pytest.approx(1.959964 * error, abs=1e-6)


def test_davidson_equals_the_published_pudding_strengths():
    """R's PlackettLuce, vignette: Davidson's own estimates (seven iterations, so four digits)."""
    result = aggregate(table(PUDDINGS), "davidson", prior_sd=0)
    worth = np.exp([values(result)[item] for item in range(1, 7)])
    assert worth / worth.sum() == pytest.approx(
        [0.1388005, 0.1729985, 0.1617420, 0.1653930, 0.1586805, 0.2023855], abs=3e-5
    )
    assert math.exp(result.tie.value) == pytest.approx(0.7468147, abs=2e-5)
    assert result.tie.std_error == pytest.approx(0.082499, abs=2e-6)
    assert [errors(result)[item] for item in range(1, 7)] == pytest.approx(
        [0.121949, 0.121818, 0.126823, 0.122003, 0.127054, 0.126594], abs=2e-6
    )
    assert -2 * result.log_likelihood == pytest.approx(1619.4, abs=0.05)
    assert result.difference(6, 1).std_error == pytest.approx(0.1924, abs=5e-5)


def test_two_items_have_closed_forms():
    rows = [(1, 2, 6, 2, 4)]
    half = aggregate(table(rows), "bradley_terry", prior_sd=0)
    assert half.difference(1, 2).value == pytest.approx(math.log(8 / 4))
    # binomial: variance of the log-odds is 1/8 + 1/4
    assert half.difference(1, 2).std_error == pytest.approx(math.sqrt(1 / 8 + 1 / 4))
    davidson = aggregate(table(rows), "davidson", prior_sd=0)
    assert davidson.difference(1, 2).value == pytest.approx(math.log(6 / 2))
    assert math.exp(davidson.tie.value) == pytest.approx(4 / math.sqrt(6 * 2))
    # three outcomes, two parameters: the fit reproduces 6/12 and 2/12
    threshold = aggregate(table(rows), "rao_kupper", prior_sd=0)
    gap, theta = threshold.difference(1, 2).value, threshold.tie.value
    assert 1 / (1 + math.exp(theta - gap)) == pytest.approx(6 / 12)
    assert 1 / (1 + math.exp(theta + gap)) == pytest.approx(2 / 12)
    # what rows say of a difference: "θ times the odds that one is found better, against …"
    assert gap == pytest.approx(theta + math.log(6 / (4 + 2)))
    assert gap != pytest.approx(math.log(6 / 2), abs=0.1)


ORDERS = ("1>2>3>4", "2>1>4", "4>3>1>2", "3>1", "2>4>3>1", "1>3>4>2")


def test_plackett_luce_equals_choix_on_partial_rankings():
    orders = [tuple(int(i) - 1 for i in order.split(">")) for order in ORDERS]
    theirs = choix.opt_rankings(4, orders, alpha=0.0, tol=1e-12)
    ours = values(aggregate([ranking(o) for o in ORDERS], "plackett_luce", prior_sd=0))
    assert [ours[i] for i in (1, 2, 3, 4)] == pytest.approx(list(theirs - theirs.mean()), abs=1e-6)


def test_the_prior_is_choixs_ridge():
    """Its penalty is alpha · Σ θ²: a normal prior with standard deviation s has alpha = 1 / 2s²."""
    orders = [tuple(int(i) - 1 for i in order.split(">")) for order in ORDERS[:1]]
    theirs = choix.opt_rankings(4, orders, alpha=1 / 18, tol=1e-12)
    ours = values(aggregate([ranking(ORDERS[0])], "plackett_luce", prior_sd=3))
    assert [ours[i] for i in (1, 2, 3, 4)] == pytest.approx(list(theirs), abs=1e-5)


def test_bradley_terry_equals_choix():
    pairs = [(0, 1)] * 5 + [(1, 0)] * 3 + [(1, 2)] * 4 + [(2, 1)] + [(2, 0)] * 2 + [(0, 3), (3, 1)]
    theirs = choix.opt_pairwise(4, pairs, alpha=0.0, tol=1e-12)
    ours = values(aggregate([ranking(f"{a} > {b}") for a, b in pairs], "bradley_terry", prior_sd=0))
    assert [ours[i] for i in range(4)] == pytest.approx(list(theirs - theirs.mean()), abs=1e-6)


def test_plackett_luce_of_pairs_is_bradley_terry():
    records = table(CITATIONS)
    one, other = (aggregate(records, m, prior_sd=0) for m in ("plackett_luce", "bradley_terry"))
    assert values(one) == pytest.approx(values(other))
    assert errors(one) == pytest.approx(errors(other))


def test_rao_kupper_equals_a_plain_search():
    def loss(x):
        worth, theta = np.exp(np.append(0, x[:5])), np.exp(x[5])
        total = 0.0
        for i, j, first, second, tied in PUDDINGS:
            a, b = worth[i - 1], worth[j - 1]
            p, q = a / (a + theta * b), b / (b + theta * a)
            total -= first * np.log(p) + second * np.log(q) + tied * np.log(1 - p - q)
        return total

    best = minimize(loss, [0.0] * 5 + [0.5], method="BFGS", options={"gtol": 1e-7})
    result = aggregate(table(PUDDINGS), "rao_kupper", prior_sd=0)
    found = [result.difference(i, 1).value for i in range(2, 7)]
    assert [*found, result.tie.value] == pytest.approx(list(best.x), abs=1e-5)
    assert -result.log_likelihood == pytest.approx(best.fun)


def test_a_tied_tier_enters_plackett_luce_as_efron_has_it():
    """For 1 = 2 > 3 with weights a, b, c: ab / ((a+b+c)(a/2 + b/2 + c))."""
    records = [ranking("1 = 2 > 3"), ranking("3 > 1 > 2"), ranking("2 > 3 > 1")]

    def loss(x):
        a, b, c = np.exp([x[0], x[1], 0.0])
        total = a + b + c
        likelihood = a * b / (total * (a / 2 + b / 2 + c))
        likelihood *= c * a / (total * (a + b)) * b * c / (total * (a + c))
        return -np.log(likelihood)

    best = minimize(loss, [0.0, 0.0], method="BFGS", options={"gtol": 1e-8})
    result = aggregate(records, "plackett_luce", prior_sd=0)
    found = [result.difference(1, 3).value, result.difference(2, 3).value]
    assert found == pytest.approx(list(best.x), abs=1e-6)
    assert result.notes[0] == "tiers of tied items enter by Efron's approximation: 1"
