"""The losses of the kinds are the written formulas, and their gradients are those formulas'."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
import torch

from scoring.reward.kinds.bt_ties import START, davidson, rao_kupper
from scoring.reward.kinds.plackett_luce import ranking_loss
from scoring.reward.registry import kind
from scoring.reward.settings import SettingError
from scoring.reward.units import PairTensors, RankingTensors


def sigma(x):
    return 1 / (1 + exp(-x))


def made(key, **settings):
    row = kind(key)
    return row.load(row.make_config(settings))


def one_pair(preference=1.0, distance=1.0):
    """The first place against the second."""
    return PairTensors(
        torch.tensor([0]), torch.tensor([1]), torch.tensor([preference]), torch.tensor([distance])
    )


HEAD = torch.tensor([[0.8], [-0.3]])


@pytest.mark.parametrize(
    ("settings", "pair", "wanted"),
    [
        ({"centring": "0"}, one_pair(), -log(sigma(1.1))),
        ({"centring": "0"}, one_pair(0.5), -0.5 * log(sigma(1.1)) - 0.5 * log(sigma(-1.1))),
        ({"centring": "0"}, one_pair(0.7), -0.7 * log(sigma(1.1)) - 0.3 * log(sigma(-1.1))),
        ({"centring": "0.1"}, one_pair(), -log(sigma(1.1)) + 0.1 * 0.5**2),
        (
            {"centring": "0", "label_smoothing": "0.1"},
            one_pair(),
            -0.9 * log(sigma(1.1)) - 0.1 * log(sigma(-1.1)),
        ),
        ({"centring": "0", "margin_scale": "0.5"}, one_pair(1.0, 3.0), -log(sigma(1.1 - 1.5))),
    ],
)
def test_bradley_terry_is_the_formula(settings, pair, wanted):
    loss = made("bradley_terry", **settings).losses(HEAD, pair)
    assert loss.tolist() == pytest.approx([wanted], abs=1e-6)


def test_a_tie_has_no_margin():
    wide = made("bradley_terry", centring="0", margin_scale="5").losses(HEAD, one_pair(0.5, 3.0))
    plain = made("bradley_terry", centring="0").losses(HEAD, one_pair(0.5))
    torch.testing.assert_close(wide, plain)


def test_the_log_loss_knows_no_tricks():
    tricky = made("bradley_terry", centring="1", label_smoothing="0.2", margin_scale="2")
    assert tricky.log_losses(HEAD, one_pair()).tolist() == pytest.approx([-log(sigma(1.1))])


@pytest.mark.parametrize("model", ["rao_kupper", "davidson"])
def test_the_three_outcomes_of_a_pair_with_ties_add_up_to_one(model):
    d = torch.linspace(-4, 4, 9)
    for free in (-3.0, 0.0, 2.0):
        logs = {"rao_kupper": rao_kupper, "davidson": davidson}[model](d, torch.full((9,), free))
        torch.testing.assert_close(sum(x.exp() for x in logs), torch.ones(9))


def test_ties_have_the_written_probabilities():
    eta = log(1 + exp(0.4))
    first, second, tie = rao_kupper(torch.tensor(1.1), torch.tensor(0.4))
    assert float(first.exp()) == pytest.approx(sigma(1.1 - eta))
    assert float(second.exp()) == pytest.approx(sigma(-1.1 - eta))
    want = (exp(2 * eta) - 1) * sigma(1.1 - eta) * sigma(-1.1 - eta)
    assert float(tie.exp()) == pytest.approx(want)
    nu, a, b = exp(0.4), exp(0.8), exp(-0.3)
    whole = a + b + nu * (a * b) ** 0.5
    first, second, tie = davidson(torch.tensor(1.1), torch.tensor(0.4))
    assert float(first.exp()) == pytest.approx(a / whole)
    assert float(second.exp()) == pytest.approx(b / whole)
    assert float(tie.exp()) == pytest.approx(nu * (a * b) ** 0.5 / whole)


@pytest.mark.parametrize("model", ["rao_kupper", "davidson"])
def test_without_ties_both_are_bradley_terry_and_at_the_start_one_in_five_ties(model):
    outcomes = {"rao_kupper": rao_kupper, "davidson": davidson}[model]
    first, _, tie = outcomes(torch.tensor(1.1), torch.tensor(-30.0))
    assert float(first.exp()) == pytest.approx(sigma(1.1), abs=1e-6)
    assert float(tie.exp()) == pytest.approx(0.0, abs=1e-6)
    _, _, tie = outcomes(torch.tensor(0.0), torch.tensor(START[model]))
    assert float(tie.exp()) == pytest.approx(0.2)


def test_plackett_luce_without_ties_is_the_formula():
    r = [0.8, -0.3, 0.1]
    want = -sum(x - log(sum(exp(y) for y in r[k:])) for k, x in enumerate(r))
    assert float(ranking_loss(torch.tensor(r), torch.tensor([0, 1, 2]))) == pytest.approx(want)


def test_ties_in_plackett_luce_are_efrons():
    r = [0.8, -0.3, 0.1]
    whole, tier = sum(map(exp, r)), exp(0.8) + exp(-0.3)
    want = -sum(r) + log(whole) + log(whole - tier / 2) + 0.1
    assert float(ranking_loss(torch.tensor(r), torch.tensor([0, 0, 1]))) == pytest.approx(want)


def test_two_items_make_plackett_luce_bradley_terry_and_neither_sees_an_offset():
    ranking = RankingTensors(torch.tensor([0, 1]), torch.tensor([0, 1]), (0, 2))
    luce = made("plackett_luce", centring="0")
    bt = made("bradley_terry", centring="0")
    torch.testing.assert_close(luce.losses(HEAD, ranking), bt.losses(HEAD, one_pair()))
    torch.testing.assert_close(luce.losses(HEAD, ranking), luce.losses(HEAD + 5, ranking))


PAIRS = PairTensors(
    torch.tensor([0, 1, 2, 3]),
    torch.tensor([1, 2, 3, 0]),
    torch.tensor([1.0, 0.5, 0.7, 1.0]),
    torch.tensor([1.0, 0.0, 2.0, 1.0]),
)
RANKINGS = RankingTensors(
    torch.tensor([0, 1, 2, 3, 2, 0]), torch.tensor([0, 0, 1, 2, 0, 1]), (0, 4, 6)
)


@pytest.mark.parametrize(
    ("key", "settings", "targets"),
    [
        ("bradley_terry", {"margin_scale": "0.5", "label_smoothing": "0.1"}, PAIRS),
        ("bt_ties", {"model": "rao_kupper"}, PAIRS),
        ("bt_ties", {"model": "davidson"}, PAIRS),
        ("plackett_luce", {}, RANKINGS),
    ],
)
def test_gradients_are_those_of_finite_differences(key, settings, targets):
    """In double precision, through the head of the kind, its own parameters included."""
    torch.manual_seed(0)
    kind_made = made(key, centring="0.3", **settings)
    head = kind_made.make_head(5).double()
    hidden = torch.randn(4, 5, dtype=torch.float64)
    if isinstance(targets, PairTensors):
        targets = PairTensors(
            targets.first, targets.second, targets.preference.double(), targets.distance.double()
        )
    parameters = tuple(head.parameters())

    def loss(*values):
        named = dict(zip((n for n, _ in head.named_parameters()), values, strict=True))
        return kind_made.losses(torch.func.functional_call(head, named, (hidden,)), targets)

    assert torch.autograd.gradcheck(loss, parameters, eps=1e-6, atol=1e-6)


def test_the_score_is_the_mean_of_sigmoids_about_the_references_and_keeps_the_order():
    made_kind = made("bradley_terry")
    made_kind.refer(np.linspace(-1.0, 1.0, 101))
    assert made_kind.references == pytest.approx([-0.9 + 0.2 * i for i in range(10)])
    r = torch.tensor([[-2.0], [0.0], [0.5], [9.0]])
    score = made_kind.reward(r)
    assert score[1].item() == pytest.approx(0.5)
    want = np.mean([sigma(0.5 - ref) for ref in made_kind.references])
    assert score[2].item() == pytest.approx(want)
    assert score.tolist() == sorted(score.tolist())
    assert 0 < score.min() < score.max() < 1
    again = kind("bradley_terry").load(made_kind.config, **made_kind.fixed)
    torch.testing.assert_close(again.reward(r), score)


@pytest.mark.parametrize("levels", ["", "outcome, outcome", "outcome, colour"])
def test_levels_that_are_no_hierarchy_are_refused_with_the_known_ones(levels):
    with pytest.raises(SettingError, match="of: rankings, outcome, first_error"):
        kind("heron").make_config({"levels": levels})
