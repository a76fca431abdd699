"""Estimates against what is really spent and kept: within a factor of two."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scoring.attribution import METHODS, attribute, choices, estimate
from scoring.attribution.counts import path_rows, tries
from scoring.attribution.signals import SIGNALS, signal
from scoring.attribution.signals.holds import HOLDS
from scoring.errors import ParameterError, UnknownNameError
from scoring.reward.shape import folder_shape, tiny_shape
from tests.scoring.adapters.test_language import implicit, pair
from tests.scoring.attribution.cases import PROBLEM, trained

STEPS = tuple(f"Take {k} + {k + 1} = {2 * k + 1} and go on with it." for k in range(8))
# one try, so that the number of steps is known before
FIXED = {"integrated_gradients": {"start": 32, "limit": 32}}
CASES = [
    *[(key, {}) for key in METHODS],
    ("step_shapley", {"permutations": 6}),
    ("leave_one_step_out", {"variant": "neutral"}),
]


def near(estimated, truth):
    return truth / 2 <= estimated <= truth * 2


@pytest.fixture(scope="module")
def models():
    return {key: trained(key) for key in ("prm", "multi_head")}


@pytest.mark.parametrize(("key", "params"), CASES)
def test_what_is_spent_is_within_a_factor_of_two(models, key, params):
    model = models["multi_head" if "heads" in METHODS[key].needs else "prm"]
    params = {**FIXED.get(key, {}), **params}
    found = attribute(key, model, PROBLEM, STEPS, **params)
    got = estimate(key, tiny_shape(model.kind.config), found.n_tokens, len(STEPS), **params)
    assert near(got.tokens, found.spent.tokens)
    assert got.backwards == found.spent.backwards
    spent = found.spent.tokens / found.n_tokens + found.spent.backwards
    assert near(got.equivalents, spent)
    assert got.most_equivalents >= got.equivalents
    assert got.words.startswith("about ")


def kept_bytes(work):
    """Return the most bytes that autograd keeps at a time while ``work`` runs, weights left out."""
    held, most = {}, 0

    def pack(tensor):
        nonlocal most
        storage = tensor.untyped_storage()
        # Weights are parameters; what is kept of a path is not.
        if not tensor.is_leaf or tensor.requires_grad or tensor.grad_fn is not None:
            held[storage.data_ptr()] = storage.nbytes()
            most = max(most, sum(held.values()))
        return tensor

    real = torch.autograd.grad

    def grad(*args, **more):
        found = real(*args, **more)
        held.clear()
        return found

    torch.autograd.grad = grad
    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            work()
    finally:
        torch.autograd.grad = real
    return most


@pytest.mark.parametrize(("layers", "rows"), [(2, 4), (4, 2), (3, 8)])
def test_memory_of_gradients_is_within_a_factor_of_two(layers, rows):
    model = trained(layers=layers)
    params = {"start": 8, "limit": 8, "rows": rows}
    truth = kept_bytes(lambda: attribute("integrated_gradients", model, PROBLEM, STEPS, **params))
    tokens = attribute("running_reward", model, PROBLEM, STEPS).n_tokens
    shape = tiny_shape(model.kind.config)
    got = estimate("integrated_gradients", shape, tokens, len(STEPS), **params)
    assert near(got.memory_bytes, truth)


def most_allocated(work):
    """Return the most bytes of tensors that ``work`` has at a time beside those that were there."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as seen:
        work()
    events = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
    events.sort(key=lambda event: event.start_ns())
    held = np.cumsum([event.nbytes() for event in events])
    return int(held.max())


# The log-ratio runs packed passes, whose self-check comes with the first path.
@pytest.mark.parametrize("key", SIGNALS)
@pytest.mark.parametrize("times", [4, 12])
def test_memory_of_signals_is_within_a_factor_of_two(language, key, times):
    model, shape = language if {"logits", "reference"} & set(SIGNALS[key].needs) else decoder()
    steps = STEPS * times
    found = signal(key, model, PROBLEM, STEPS)
    truth = most_allocated(lambda: signal(key, model, PROBLEM, steps))
    tokens = signal(key, model, PROBLEM, steps).n_tokens
    assert tokens > found.n_tokens
    got = choices.estimate(f"{choices.PREFIX}{key}", shape, tokens, len(steps), {})
    assert near(got.memory_bytes, truth)


def decoder():
    model = trained(layers=4, tiny_width="128", context=8192)
    return model, tiny_shape(model.kind.config)


@pytest.fixture(scope="module")
def language(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    pair(folder, "plain", max_position_embeddings=8192, vocab_size=4000)
    return implicit(folder), folder_shape(folder / "ours")


def test_a_signal_says_what_it_does_beside_its_passes():
    shape = tiny_shape(trained().kind.config)

    def words(key, **params):
        return choices.estimate(f"{choices.PREFIX}{key}", shape, 81, 3, params).words

    assert {row.holds for row in SIGNALS.values()} == set(HOLDS)
    assert words("running_reward") == words("token_entropy") == "about 1 forward pass over the path"
    assert words("log_ratio") == "about 2 forward passes over the path"
    assert words("fai").endswith("plain attention, one layer's map at a time")
    assert words("effective_rank").endswith("and 3 singular value decompositions")
    assert words("effective_rank_velocity", stride=27).endswith(
        "and 3 singular value decompositions"
    )


def test_adaptive_steps_are_likely_two_tries_and_at_most_all(models):
    shape = tiny_shape(models["prm"].kind.config)
    got = estimate("integrated_gradients", shape, 500, 5)
    assert got.forwards == 32 + 64 + 2
    assert got.most_equivalents == 2 * (32 + 64 + 128 + 256) + 2
    assert "at most 962" in got.words
    assert tries(32, 256) == [32, 64, 128, 256]
    assert tries(32, 100) == [32, 64, 100]
    assert tries(32, 8) == [8]
    assert path_rows(32, 500) == 8
    assert path_rows(32, 500, rows=3) == 3
    assert path_rows(32, 10_000) == 1


def test_sizes_of_a_saved_base_serve_too(tmp_path):
    from tests.scoring.reward_cases import save_base

    got = estimate("running_reward", folder_shape(save_base(tmp_path)), 1000, 3)
    assert (got.forwards, got.backwards, got.tokens) == (1, 0, 1000)
    assert got.memory_bytes > 1000 * 64 * 4


def test_a_short_path_and_wrong_names_are_no_accident(models):
    shape = tiny_shape(models["prm"].kind.config)
    for key in METHODS:
        assert estimate(key, shape, 0, 0).tokens > 0
    with pytest.raises(UnknownNameError, match="attribution method"):
        estimate("nothing", shape, 1, 1)
    with pytest.raises(ParameterError, match="start"):
        estimate("integrated_gradients", shape, 1, 1, start=1)
