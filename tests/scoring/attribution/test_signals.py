"""Token signals against values worked out by hand, and the runner that measures a path."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from scoring.attribution import attribute
from scoring.attribution.base import CONFIDENCE
from scoring.attribution.signals import SIGNALS, attention, entropy, rank, signal
from scoring.attribution.signals.base import Measured, signal_of
from scoring.attribution.signals.registry import NEEDS
from scoring.errors import AlignmentError, AttributionError, ParameterError, UnknownNameError
from tests.scoring.adapters.test_language import implicit, log_probabilities, pair, path_ids
from tests.scoring.attribution.cases import NASTY_STEPS, PROBLEM, STEPS, passes, trained

LN2 = math.log(2)
REWARD = [key for key, row in SIGNALS.items() if "reference" not in row.needs]


@pytest.fixture(scope="module")
def model():
    return trained(layers=4)


@pytest.fixture(scope="module")
def language(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    ours, theirs, fast = pair(folder, "plain")
    return implicit(folder, beta="0.2"), ours, theirs, fast


# --- entropy ------------------------------------------------------------------------------------


def test_entropies_by_hand():
    p = torch.tensor([[0.5, 0.25, 0.25, 0.0], [1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    got = entropy.entropies(p.log())
    np.testing.assert_allclose(got, [1.5 * LN2, 0.0, 2 * LN2], atol=1e-12)


def test_all_but_the_likeliest_count_as_one_token():
    p = torch.tensor([[0.5, 0.25, 0.125, 0.125]])
    np.testing.assert_allclose(entropy.entropies(p.log(), 1), [LN2], atol=1e-6)
    np.testing.assert_allclose(entropy.entropies(p.log(), 2), [1.5 * LN2], atol=1e-6)
    np.testing.assert_allclose(entropy.entropies(p.log(), 9), [1.75 * LN2], atol=1e-6)


def test_a_window_is_this_token_and_those_behind_it():
    got = entropy.windows(np.array([1.0, 2.0, 3.0, 6.0]), 2)
    np.testing.assert_allclose(got, [1.5, 2.5, 4.5, np.nan])
    assert np.isnan(entropy.windows(np.array([1.0]), 2)).all()
    np.testing.assert_allclose(entropy.windows(np.array([1.0, 3.0]), 1), [1.0, 3.0])


def test_a_token_has_the_entropy_of_the_distribution_it_was_drawn_from(language):
    model, ours, _, fast = language
    ids = path_ids(fast, "plain", STEPS)
    with torch.no_grad():
        p = ours(torch.tensor([ids])).logits[0].double().softmax(-1)
    want = -(p * p.log()).sum(-1).numpy()
    start = len(path_ids(fast, "plain", []))
    found = signal("token_entropy", model, "Work out 12 + 34.", STEPS)
    first = signal("first_token_entropy", model, "Work out 12 + 34.", STEPS)
    windowed = signal("window_entropy", model, "Work out 12 + 34.", STEPS, window=8)
    counts = [len(fast(f"{s}\n\n")["input_ids"]) for s in STEPS]
    places = start + np.cumsum([0, *counts])
    np.testing.assert_allclose(first.per_step, want[places[:-1] - 1], atol=1e-5)
    means = [want[a - 1 : b - 1].mean() for a, b in pairwise(places)]
    np.testing.assert_allclose(found.per_step, means, atol=1e-5)
    assert windowed.values[0] == pytest.approx(want[start - 1 : start + 7].mean(), abs=1e-5)
    assert np.isfinite(first.values).sum() == len(STEPS)


# --- attention ----------------------------------------------------------------------------------


def test_distances_by_hand():
    # token 2 looks half at itself, half two back; W = 1 counts that as one
    maps = torch.tensor([[[1.0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]]])
    got = attention.reduce_maps(maps, 1)
    np.testing.assert_allclose(got.distance, [(0 + 0.5 + 1.0) / 3], atol=1e-6)
    np.testing.assert_allclose(got.waad, [[0, 0.5, 0.5]], atol=1e-6)
    np.testing.assert_allclose(attention.reduce_maps(maps, 9).waad, [[0, 0.5, 1.0]], atol=1e-6)


def test_influence_looks_ten_to_fifty_tokens_ahead():
    size = 80
    maps = torch.zeros(1, size, size)
    maps[0, :, 5] = 1.0
    maps[0, 15, 5] = 3.0
    fai = attention.reduce_maps(maps, 10).fai[0].numpy()
    assert fai[5] == pytest.approx((40 + 3) / 41)
    assert fai[6] == 0.0
    assert np.isfinite(fai[: size - 10]).all()
    assert np.isnan(fai[size - 10 :]).all()
    maps = torch.zeros(1, size, size)
    maps[0, 14, 5] = maps[0, 56, 5] = 1.0  # 9 and 51 tokens ahead
    assert attention.reduce_maps(maps, 10).fai[0, 5] == 0.0
    # near the end the window is what is left: token 79 alone for token 69
    maps[0, 79, 69] = 1.0
    assert attention.reduce_maps(maps, 10).fai[0, 69] == 1.0


def test_heads_layers_and_choices():
    local, distant = attention.groups(np.array([5.0, 1, 4, 2, 3, 9, 8, 7, 6, 0]), 0.3)
    assert local.tolist() == [9, 1, 3]
    assert sorted(distant.tolist()) == [5, 6, 7]
    assert [len(g) for g in attention.groups(np.array([1.0, 2.0]), 0.3)] == [1, 1]
    assert attention.middle_layers(30, 5) == [10, 12, 14, 17, 19]
    assert attention.middle_layers(4, 5) == [1]
    assert attention.middle_layers(1, 5) == [0]
    np.testing.assert_allclose(attention.jumps(np.array([1.0, 4.0, 2.0])), [3.0, 2.0, np.nan])
    marked = attention.chosen(np.array([1.0, 9, np.nan, 3, 4, 5]))
    assert marked.tolist() == [False, True, False, False, False, True]


def test_maps_are_those_of_the_decoder_and_none_is_kept(model, monkeypatch):
    shapes = []
    real = attention.reduce_maps

    def note(maps, reach):
        shapes.append(tuple(maps.shape))
        assert torch.allclose(maps.sum(-1), torch.ones(maps.shape[:-1]), atol=1e-5)
        return real(maps, reach)

    monkeypatch.setattr(attention, "reduce_maps", note)
    with passes(model.network) as seen:
        found = signal("waad", model, PROBLEM, STEPS)
    tokens = seen[0][1]
    assert len(seen) == 1
    assert shapes == [(1, tokens, tokens)]  # one layer of the middle third of four, one head
    assert model.network.backbone.config._attn_implementation == "sdpa"
    assert not any(m._forward_hooks for m in model.network.backbone.modules())
    assert (found.values >= 0).all()
    assert found.values.max() <= 10
    with torch.no_grad():
        ids = attribute("running_reward", model, PROBLEM, STEPS)
    assert len(found.values) == len(ids.credit)


# --- rank ---------------------------------------------------------------------------------------


def test_effective_ranks_by_hand():
    assert rank.effective_rank(torch.randn(1, 5)) == 1.0
    assert rank.effective_rank(torch.ones(4, 5)) == 1.0
    line = torch.arange(4.0)[:, None] * torch.tensor([1.0, 2.0])
    assert rank.effective_rank(line) == pytest.approx(1.0, abs=1e-6)
    # a cross of two equal axes: two equal singular values
    cross = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    assert rank.effective_rank(cross) == pytest.approx(2.0, abs=1e-6)
    # singular values 3 : 1
    flat = cross * torch.tensor([3.0, 1.0])
    want = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert rank.effective_rank(flat) == pytest.approx(want, abs=1e-6)


def test_velocity_is_above_the_mean_of_those_before():
    np.testing.assert_allclose(
        rank.velocities(np.array([1.0, 3.0, 5.0, 1.0])), [np.nan, 2.0, 3.0, -2.0]
    )
    assert len(rank.velocities(np.array([]))) == 0
    assert rank.prefix_ends(100, 40) == [40, 80, 100]
    assert rank.prefix_ends(80, 40) == [40, 80]
    assert rank.prefix_ends(7, 40) == [7]


def test_ranks_stand_at_the_ends_of_prefixes(model):
    er = signal("effective_rank", model, PROBLEM, STEPS, stride=10)
    erv = signal("effective_rank_velocity", model, PROBLEM, STEPS, stride=10)
    there = np.flatnonzero(np.isfinite(er.values))
    assert there.tolist() == [*range(9, len(er.values) - 1, 10), len(er.values) - 1]
    want = rank.velocities(er.values[there].astype(np.float64))
    np.testing.assert_allclose(erv.values[there], want, atol=1e-4)
    assert erv.figures["ERV"] == pytest.approx(np.nanmean(want), abs=1e-4)
    assert er.figures["ER"] == pytest.approx(er.values[-1], abs=1e-4)
    assert "ERV" not in signal("effective_rank_velocity", model, PROBLEM, STEPS, stride=999).figures


# --- log-ratio, running reward, runner ------------------------------------------------------------


def test_log_ratios_are_those_of_two_plain_passes(language):
    model, ours, theirs, fast = language
    ids = path_ids(fast, "plain", STEPS)
    ratio = 0.2 * (log_probabilities(ours, ids) - log_probabilities(theirs, ids)).double().numpy()
    start = len(path_ids(fast, "plain", []))
    found = signal("log_ratio", model, "Work out 12 + 34.", STEPS)
    counts = [len(fast(f"{s}\n\n")["input_ids"]) for s in STEPS]
    places = start - 1 + np.cumsum([0, *counts])
    want = [ratio[a:b].sum() for a, b in pairwise(places)]
    np.testing.assert_allclose(found.per_step, want, atol=1e-5)
    assert found.figures["reward"] == pytest.approx(sum(want), abs=1e-5)
    assert np.ptp(found.values) > 0.001
    with pytest.raises(AttributionError, match="no head"):
        signal("running_reward", model, PROBLEM, STEPS)


def test_a_step_of_the_curve_is_what_is_read_at_its_end(model):
    curve = signal("running_reward", model, PROBLEM, STEPS)
    credit = attribute("running_reward", model, PROBLEM, STEPS)
    np.testing.assert_allclose(
        curve.per_step, credit.baseline_value + np.cumsum(credit.per_step), atol=1e-5
    )
    np.testing.assert_allclose(
        curve.values, credit.baseline_value + np.cumsum(credit.credit), atol=1e-4
    )


@pytest.mark.parametrize("key", REWARD)
def test_a_signal_has_a_number_per_piece_of_any_text(key, model):
    found = signal(key, model, PROBLEM, NASTY_STEPS)
    credit = attribute("running_reward", model, PROBLEM, NASTY_STEPS)
    for name in ("step", "begin", "end"):
        np.testing.assert_array_equal(getattr(found, name), getattr(credit, name))
    assert len(found.values) == len(found.step)
    assert len(found.per_step) == len(NASTY_STEPS)
    assert np.isfinite(found.values).any()
    assert SIGNALS[key].unit == found.unit


def test_pieces_of_several_tokens_take_the_mean_or_the_sum():
    class Two:
        first, n_steps = 1, 2
        step = np.array([-1, 0, 0, 0, 1])
        piece = np.array([-1, 0, 0, 1, 2])
        piece_step = piece_begin = piece_end = np.zeros(3, np.int32)

    values = Measured(np.array([9.0, 1.0, 3.0, np.nan, 5.0]))
    mean = signal_of(SIGNALS["waad"], {}, Two, values)
    np.testing.assert_allclose(mean.values, [2.0, np.nan, 5.0])
    total = signal_of(SIGNALS["log_ratio"], {}, Two, values)
    np.testing.assert_allclose(total.values, [4.0, np.nan, 5.0])
    np.testing.assert_allclose(total.per_step, [4.0, 5.0])


def test_a_signal_says_what_made_it(model, language):
    told = [
        signal("token_entropy", model, PROBLEM, STEPS),
        signal("log_ratio", language[0], PROBLEM, STEPS),
    ]
    for found in told:
        assert found.dtype == "float32"
        assert found.n_tokens > len(found.values)
        assert found.model_hash
        assert found.template_hash
    ours = attribute("running_reward", model, PROBLEM, STEPS)
    assert (told[0].model_hash, told[0].template_hash) == (ours.model_hash, ours.template_hash)
    assert told[0].n_tokens == ours.n_tokens
    with pytest.raises(AlignmentError, match="cannot be read"):
        signal("token_entropy", language[0], PROBLEM, ["one two three four " * 4000])


def test_models_without_logits_say_so():
    model = trained()
    model.tied = False
    with pytest.raises(AttributionError, match="no logits"):
        signal("token_entropy", model, PROBLEM, STEPS)
    with pytest.raises(AttributionError, match="two language models"):
        signal("log_ratio", model, PROBLEM, STEPS)
    with pytest.raises(AttributionError, match="no step yet"):
        signal("waad", model, PROBLEM, [])


@pytest.mark.parametrize("key", SIGNALS)
def test_a_row_says_everything_a_menu_needs(key, model):
    row = SIGNALS[key]
    assert row.summary.endswith(".")
    assert row.unit
    assert row.source
    assert row.confidence in CONFIDENCE
    assert set(row.needs) <= set(NEEDS)
    assert all(param.allows(param.default) for param in row.params)
    with pytest.raises(UnknownNameError):
        signal(key, model, PROBLEM, STEPS, nonsense=1)
    for param in row.params:
        with pytest.raises(ParameterError, match=param.name):
            signal(key, model, PROBLEM, STEPS, **{param.name: -7})
