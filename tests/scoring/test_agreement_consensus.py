"""Dawid–Skene and MACE: the published example, brute force, recovery, a climb that never falls."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.agreement import CONSENSUS, Ratings, consensus
from scoring.agreement.base import NOTHING_SHARED
from scoring.errors import ParameterError, UnknownNameError
from tests.scoring.agreement_cases import dawid_skene, simulated

BOTH = sorted(CONSENSUS)


def test_the_anaesthetists_of_dawid_and_skene():
    """Their table 2: marginal probabilities and observer 1's error rates, to two places."""
    found = consensus("dawid_skene", dawid_skene(), smoothing=0)
    assert found.converged
    assert np.round(found.prior, 2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert np.round(found.confusion[0], 2).tolist() == [
        [0.89, 0.11, 0.00, 0.00],
        [0.07, 0.88, 0.05, 0.00],
        [0.00, 0.34, 0.66, 0.00],
        [0.00, 0.00, 0.56, 0.44],
    ]
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(45))


def joint(prior, likelihood, rows):
    """log P of each item's true rating with its ratings, as loops over the definition."""
    return [
        [math.log(prior[t]) + sum(math.log(likelihood(r, t, a)) for r, a in row) for t in (0, 1)]
        for row in rows
    ]


ROWS = [[(0, 0), (1, 0)], [(0, 0), (1, 1)], [(0, 1), (1, 1)], [(0, 1), (1, 1)], [(1, 0)]]


def as_ratings(rows):
    cells = [(unit, rater, code) for unit, row in enumerate(rows) for rater, code in row]
    return Ratings.of(*zip(*cells, strict=True), categories=(0, 1))


def test_dawid_skene_rests_on_its_own_model():
    found = consensus(
        "dawid_skene", as_ratings(ROWS), smoothing=0.5, tolerance=1e-15, max_iterations=20_000
    )
    logs = joint(found.prior, lambda r, t, a: found.confusion[r, t, a], ROWS)
    total = [math.log(sum(map(math.exp, row))) for row in logs]
    assert found.log_likelihood == pytest.approx(sum(total))
    for unit, row in enumerate(logs):
        assert found.probability[unit, 1] == pytest.approx(math.exp(row[1] - total[unit]))
    penalty = 0.5 * np.log(found.confusion).sum()
    assert found.history[-1] == pytest.approx(sum(total) + penalty)
    # a fixed point: the confusion matrix is what the probabilities say, with smoothing
    for rater, true in itertools.product((0, 1), (0, 1)):
        weights = [
            sum(found.probability[u, true] for u, row in enumerate(ROWS) if (rater, a) in row) + 0.5
            for a in (0, 1)
        ]
        assert found.confusion[rater, true] == pytest.approx(
            [weight / sum(weights) for weight in weights], abs=1e-5
        )
    assert found.competence[0] == pytest.approx(
        found.prior[0] * found.confusion[0, 0, 0] + found.prior[1] * found.confusion[0, 1, 1]
    )


def test_mace_finds_the_maximum_of_its_likelihood():
    """A grid over θ and ξ of two annotators finds nothing better."""
    rows = [[(0, 0), (1, 0)]] * 4 + [[(0, 0), (1, 1)]] * 3 + [[(0, 1), (1, 1)]] * 3
    found = consensus("mace", as_ratings(rows), smoothing=0, tolerance=1e-12, max_iterations=2000)
    grid = np.linspace(0, 1, 21)
    best = -math.inf
    for theta, other, guess, other_guess in itertools.product(grid, grid, grid, grid):
        total = 0.0
        for (a, b), times in {(0, 0): 4, (0, 1): 3, (1, 1): 3}.items():
            one, two = (guess, 1 - guess), (other_guess, 1 - other_guess)
            chance = sum(
                0.5
                * (theta * (a == t) + (1 - theta) * one[a])
                * (other * (b == t) + (1 - other) * two[b])
                for t in (0, 1)
            )
            total += times * math.log(chance) if chance > 0 else -math.inf
        best = max(best, total)
    assert found.log_likelihood >= best - 1e-6
    # no model can fit better than the observed frequencies themselves
    ceiling = sum(n * math.log(n / 10) for n in (4, 3, 3))
    assert found.log_likelihood <= ceiling + 1e-9


@pytest.mark.parametrize("key", BOTH)
def test_truth_and_competence_are_recovered(key):
    accuracies = np.array([0.95, 0.85, 0.75, 0.6, 0.4])
    true, ratings = simulated(3000, 5, accuracies, seed=5, missing=0.2)
    found = consensus(key, ratings)
    assert found.converged
    majority, oracle = np.zeros((3000, 3)), np.zeros((3000, 3))
    np.add.at(majority, (ratings.unit, ratings.code), 1)
    known = accuracies[ratings.rater]  # who knows them weighs votes by log p / ((1 − p) / 2)
    np.add.at(oracle, (ratings.unit, ratings.code), np.log(2 * known / (1 - known)))
    units = np.array(found.units)
    right, by_majority, best = (
        (choice == true[units]).mean()
        for choice in (found.choice, *(v[: len(units)].argmax(axis=1) for v in (majority, oracle)))
    )
    assert right > by_majority + 0.02
    assert right > best - 0.005
    # MACE's θ is knowledge without lucky guesses: accuracy = θ + (1 − θ) / 3
    expected = accuracies if key == "dawid_skene" else (accuracies - 1 / 3) * 3 / 2
    assert found.competence == pytest.approx(expected, abs=0.04)
    if key == "dawid_skene":
        assert found.confusion.sum(axis=2) == pytest.approx(np.ones((5, 3)))
    else:
        assert found.confusion is None


TABLES = st.lists(
    st.lists(st.sampled_from([None, 0, 1, 2]), min_size=3, max_size=3), min_size=1, max_size=8
)


@pytest.mark.parametrize("key", BOTH)
@settings(max_examples=50, deadline=None)
@given(table=TABLES, smoothing=st.sampled_from([0.0, 0.01, 1.0]))
def test_the_climb_never_falls(key, table, smoothing):
    found = consensus(key, Ratings.table(table), smoothing=smoothing, tolerance=1e-9)
    if found.undefined:
        assert found.undefined == NOTHING_SHARED
        return
    steps = np.diff(found.history)
    assert (steps > -1e-8).all()
    assert np.isfinite(found.history).all()
    assert np.isfinite(found.probability).all()
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(len(found.units)))


@pytest.mark.parametrize("key", BOTH)
def test_merging_equal_items_changes_nothing(key, monkeypatch):
    _, ratings = simulated(300, 4, [0.9, 0.7, 0.5, 0.4], missing=0.3)
    merged = consensus(key, ratings)
    monkeypatch.setattr("scoring.agreement.consensus.base._CELLS", 0)
    single = consensus(key, ratings)
    assert merged.units == single.units == ratings.units
    assert merged.log_likelihood == pytest.approx(single.log_likelihood)
    assert merged.probability == pytest.approx(single.probability, abs=1e-6)
    assert merged.competence == pytest.approx(single.competence, abs=1e-6)


def test_mace_is_fixed_by_its_seed():
    _, ratings = simulated(60, 4, [0.9, 0.7, 0.5, 0.4])
    first, again = (consensus("mace", ratings, seed=3) for _ in range(2))
    assert first.history == again.history
    assert (first.probability == again.probability).all()
    assert first.seed == 3


@pytest.mark.parametrize("key", BOTH)
def test_running_out_of_iterations_is_said(key):
    _, ratings = simulated(200, 4, [0.9, 0.7, 0.5, 0.4])
    found = consensus(key, ratings, max_iterations=2)
    assert (found.converged, found.iterations) == (False, 2)


@pytest.mark.parametrize("key", BOTH)
def test_nobody_to_agree_with_is_said(key):
    found = consensus(key, Ratings.table([[1, None], [None, 0]]))
    assert found.undefined == NOTHING_SHARED
    assert found.probability.size == 0


@pytest.mark.parametrize(
    ("key", "name", "setting"),
    [
        ("dawid_skene", "smoothing", -1),
        ("dawid_skene", "smoothing", math.nan),
        ("mace", "tolerance", 0),
        ("mace", "max_iterations", 0),
        ("mace", "restarts", 0),
    ],
)
def test_senseless_settings_are_refused(key, name, setting):
    with pytest.raises(ParameterError, match=name):
        consensus(key, dawid_skene(), **{name: setting})


def test_an_unknown_method_names_the_known():
    with pytest.raises(UnknownNameError, match="dawid_skene, mace"):
        consensus("glad", dawid_skene())
