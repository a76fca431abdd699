"""Leave one step out and step Shapley against full recomputation and games solved by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from transformers import DynamicCache, Qwen2Config

from scoring.attribution import attribute
from scoring.attribution.caches import crop
from scoring.attribution.methods.step_shapley import exact_shapley, sampled_shapley
from scoring.errors import AttributionError
from tests.scoring.attribution.cases import (
    PROBLEM,
    PUBLISHED,
    STEPS,
    by_hand,
    passes,
    trained,
)

LONG = tuple(f"Take {k} + {k + 1} = {2 * k + 1} and go on with it." for k in range(12))


def recomputed(model, steps, instead=()):
    variants = [[*steps[:k], *instead, *steps[k + 1 :]] for k in range(len(steps))]
    rows = [by_hand(model, PROBLEM, variant) for variant in variants]
    ids, whole = by_hand(model, PROBLEM, steps)
    tokens = len(ids) + sum(len(row) for row, _ in rows)
    return whole[-1] - np.array([r[-1] for _, r in rows]), tokens


def test_leaving_a_step_out_equals_full_recomputation_for_half_the_tokens():
    model = trained("bradley_terry")
    want, tokens = recomputed(model, LONG)
    with passes(model.network) as seen:
        found = attribute("leave_one_step_out", model, PROBLEM, LONG)
    np.testing.assert_allclose(found.per_step, want, atol=1e-5)
    assert sum(rows * width for rows, width in seen) == found.spent.tokens <= 0.55 * tokens
    assert np.ptp(want) > 0.05
    assert found.badge == "none"


def test_a_neutral_sentence_can_stand_in_its_place():
    model = trained("bradley_terry")
    found = attribute(
        "leave_one_step_out", model, PROBLEM, STEPS, variant="neutral", sentence="and so on"
    )
    want, _ = recomputed(model, STEPS, ["and so on"])
    np.testing.assert_allclose(found.per_step, want, atol=1e-5)
    dropped = attribute("leave_one_step_out", model, PROBLEM, STEPS)
    assert np.abs(found.per_step - dropped.per_step).max() > 0.01


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_layouts_are_laid_out_anew_without_the_step(tmp_path, kind):
    model = PUBLISHED[kind](tmp_path)
    found = attribute("leave_one_step_out", model, PROBLEM, STEPS)
    rows = [
        model.layout.sequence(PROBLEM, [*STEPS[:k], *STEPS[k + 1 :]]) for k in range(len(STEPS))
    ]
    values = model.readout.value(model.passes.at_ends(rows))
    np.testing.assert_allclose(found.per_step, found.value - values, atol=2e-5)


def test_layers_with_a_window_are_run_whole():
    model = trained()
    network = model.network
    network.plan = type(network.plan)(window=4096)
    with passes(network) as seen:
        found = attribute("leave_one_step_out", model, PROBLEM, STEPS)
    assert len(seen) == len(STEPS) + 1
    np.testing.assert_allclose(found.per_step, recomputed(model, STEPS)[0], atol=1e-5)
    assert "run whole" in found.notes[0]


def test_a_cache_is_cut_to_the_length_that_was_asked_for():
    cache = DynamicCache(config=Qwen2Config(num_hidden_layers=2))
    for layer in range(2):
        cache.update(torch.zeros(1, 1, 9, 4), torch.zeros(1, 1, 9, 4), layer)
    crop(cache, 9)
    crop(cache, 4)
    assert cache.get_seq_length() == 4
    with pytest.raises(AttributionError, match="cache of 4 tokens could not be cut to 5"):
        crop(cache, 5)
    crop(cache, 0)
    assert cache.get_seq_length() == 0


def test_a_cache_that_keeps_more_than_it_was_told_is_noticed():
    class Stale:
        def get_seq_length(self):
            return 9

        def crop(self, _count):
            pass

    with pytest.raises(AttributionError, match="9 tokens could not be cut to 4"):
        crop(Stale(), 4)


# --- Shapley ------------------------------------------------------------------------------------

WORTH = {0: 0.0, 1: 1.0, 2: 2.0, 4: 0.0, 3: 6.0, 5: 1.0, 6: 2.0, 7: 6.0}
"""Two steps with a joint gain of 3, and one that changes nothing."""


def test_a_game_by_hand_is_solved_exactly():
    np.testing.assert_allclose(exact_shapley(WORTH, 3), [2.5, 3.5, 0.0], atol=1e-12)


def test_all_orders_drawn_once_are_exact_and_errors_shrink_with_draws():
    orders = [list(order) for order in itertools.permutations(range(3))]
    paired = [o for order in orders for o in (order, order[::-1])]
    phi, _ = sampled_shapley(WORTH, paired)
    np.testing.assert_allclose(phi, [2.5, 3.5, 0.0], atol=1e-12)
    # One pair of orders: each of the two gains its joint worth in one of them.
    phi, error = sampled_shapley(WORTH, [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]])
    np.testing.assert_allclose(phi, [2.5, 3.5, 0.0], atol=1e-12)
    np.testing.assert_allclose(error, 0.0, atol=1e-12)
    game = {s: WORTH[s] * (1 + (s & 4) / 4) for s in WORTH}
    phi, error = sampled_shapley(game, [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0]])
    pair = [[4.5, 4.5, 3.0], [4.5, 6.0, 1.5]]  # (1 + 8) / 2, (5 + 4) / 2, (6 + 0) / 2, …
    np.testing.assert_allclose(phi, np.mean(pair, axis=0), atol=1e-12)
    np.testing.assert_allclose(
        error, np.abs(np.subtract(*pair)) / 2, atol=1e-12
    )  # sample deviation of two numbers over the root of two


def brute_force(model, steps):
    def worth(there):
        return by_hand(model, PROBLEM, [steps[k] for k in sorted(there)])[1][-1]

    phi = np.zeros(len(steps))
    for order in itertools.permutations(range(len(steps))):
        for place, k in enumerate(order):
            phi[k] += worth({*order[:place], k}) - worth(set(order[:place]))
    return phi / math.factorial(len(steps))


def test_few_steps_are_exact_and_add_up():
    model = trained("bradley_terry")
    found = attribute("step_shapley", model, PROBLEM, STEPS)
    np.testing.assert_allclose(found.per_step, brute_force(model, STEPS), atol=1e-4)
    assert found.standard_error.tolist() == [0.0] * 4
    assert found.n_used is None
    assert found.badge == "ok"
    assert found.spent.tokens < 2**4 * found.n_tokens / 2


def test_many_steps_are_drawn_with_an_error_and_the_same_seed_draws_the_same():
    model = trained("bradley_terry")
    steps = LONG[:7]
    drawn = [
        attribute("step_shapley", model, PROBLEM, steps, permutations=12, seed=seed)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(drawn[0].per_step, drawn[1].per_step)
    assert np.abs(drawn[0].per_step - drawn[2].per_step).max() > 1e-6
    assert drawn[0].n_used == 12
    assert drawn[0].badge == "ok"  # every order adds up, so their mean does
    assert (drawn[0].standard_error > 0).all()
    exact = attribute("step_shapley", model, PROBLEM, steps, permutations=100)
    assert exact.n_used is None
    z = (drawn[0].per_step - exact.per_step) / drawn[0].standard_error
    assert np.abs(z).max() < 6
    assert np.abs(drawn[0].per_step - exact.per_step).max() < np.ptp(exact.per_step)
