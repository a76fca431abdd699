"""Rows of the paths that comparisons need: equal to plain passes, complete, and counted where lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scoring.reward.packing import CostModel, join_tokens, path_row, visible
from scoring.reward.registry import kind
from scoring.training.dataset import Ranked, RankedPair, Ranking
from scoring.training.examples import ExampleMaker, Lost, passes
from scoring.training.losses import Denominators, pass_loss
from scoring.training.objectives.registry import objective
from scoring.training.objectives.units import PairUnits, RankingUnits
from scoring.training.path_rows import path_groups, same_text
from scoring.tree import Tree
from tests.scoring.reward_cases import all_labelled, chain, forked_tree, tiny_model
from tests.scoring.training.compared_data import config

FREE = CostModel(weights=10**9, width=64, layers=2)  # only the budget parts rows


def forked(nodes=40, pairs=25, seed=0):
    """A random tree with random comparisons and three rankings of its nodes."""
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(np.arange(1, nodes))[:2] for _ in range(pairs)]
    ranked = tuple(RankedPair("step", int(a), int(b), tie=bool(a % 5 == 0)) for a, b in drawn)
    items = rng.permutation(np.arange(1, nodes))[:12].reshape(3, 4).tolist()
    rankings = tuple(Ranking(((a,), (b, c), (d,))) for a, b, c, d in items)
    return replace(all_labelled(forked_tree(nodes)), ranked=Ranked(ranked, rankings))


def model_of(key):
    model = tiny_model()
    row = kind(key)
    model.kind = row.load(row.load_config()())
    torch.manual_seed(1)
    model.network.head = model.kind.make_head(64)
    return model


def make(model, key, item, *, budget=4096, context=None, lost=None):
    settings = {"pairs": "rankings"} if key != "plackett_luce" else {}
    learnt = objective(config(key, **settings), [item])
    maker = ExampleMaker(model.tokenizer, FREE, context or model.context, budget, learnt)
    return maker.make(item, lost)


@pytest.mark.parametrize("budget", [60, 200, 4096])
@pytest.mark.parametrize("key", ["bradley_terry", "plackett_luce"])
def test_every_unit_is_in_exactly_one_row(budget, key):
    model, item = model_of(key), forked()
    examples = make(model, key, item, budget=budget)
    wanted = {"bradley_terry": 25, "plackett_luce": 3}[key]
    assert sum(len(e.units) for e in examples) == wanted
    for example in examples:
        assert len(example.row) <= budget or len(example.units) == 1
        assert (example.row.ids[example.read] == model.tokenizer.separator).all()


def test_the_next_token_loss_asks_for_no_step_twice_and_never_for_the_problem():
    model, item = model_of("bradley_terry"), forked()
    one, many = (make(model, "bradley_terry", item, budget=b) for b in (4096, 60))
    assert len(many) > len(one) == 1
    assert sum(len(e.spoken) for e in many) == sum(len(e.spoken) for e in one)
    assert all((e.row.before[e.spoken] >= 0).all() for e in many)


@pytest.mark.parametrize("key", ["bradley_terry", "bt_ties", "plackett_luce"])
def test_rewards_in_rows_of_paths_are_those_of_plain_passes(key):
    model, item = model_of(key), forked()
    encoded = model.encode(item.problem_text, item.tree).tree
    units = objective(config(key), [item]).units(item)
    nodes = np.unique(np.concatenate(units.members())).tolist()
    plain = {n: model.run_plain(path_row(encoded, n)).head[0, -1] for n in nodes}
    for budget in (60, 4096):
        for example in make(model, key, item, budget=budget):
            head = model.run([example.row]).head[0, torch.from_numpy(example.read)]
            paths = [
                example.row.ids[seen].tolist() for seen in visible(example.row.last)[example.read]
            ]
            known = {tuple(path_row(encoded, n).ids.tolist()): n for n in nodes}
            for path, got in zip(paths, head, strict=True):
                torch.testing.assert_close(got, plain[known[tuple(path)]], atol=1e-4, rtol=1e-4)


def gradients(model, examples, pass_tokens):
    model.network.zero_grad()
    denominators = Denominators.of(examples)
    total = 0.0
    for group in passes(examples, pass_tokens):
        parts = pass_loss(
            model.network,
            model.kind,
            group,
            denominators,
            lm_weight=1.0,
            device=torch.device("cpu"),
        )
        parts.total.backward()
        total += float(parts.total.detach())
    grads = [p.grad for p in model.network.parameters()]
    return total, [torch.zeros(1) if g is None else g.clone() for g in grads]


@pytest.mark.parametrize("key", ["bradley_terry", "bt_ties", "plackett_luce"])
def test_cutting_and_accumulating_leave_loss_and_gradient_as_they_are(key):
    """One row in one pass, several rows in one padded pass, and one pass per row."""
    model, item = model_of(key), forked()
    whole, wanted = gradients(model, make(model, key, item), 4096)
    cut = make(model, key, item, budget=60)
    assert len(cut) > 1
    for pass_tokens in (1, 100_000):
        loss, got = gradients(model, cut, pass_tokens)
        assert loss == pytest.approx(whole, rel=1e-5)
        for a, b in zip(wanted, got, strict=True):
            torch.testing.assert_close(a, b, atol=3e-5, rtol=1e-3)


def test_a_comparison_longer_than_the_context_is_counted_and_said():
    item = replace(
        all_labelled(chain(50)),
        ranked=Ranked((RankedPair("step", 1, 2), RankedPair("step", 1, 50))),
    )
    lost = Lost("comparisons")
    examples = make(model_of("bradley_terry"), "bradley_terry", item, context=64, lost=lost)
    assert [len(e.units) for e in examples] == [1]
    assert (lost.labels, lost.problems) == (1, 1)
    assert str(lost).startswith("1 comparisons of 1 problems lie deeper than the model's context")


def test_what_reads_the_same_is_not_compared_and_is_counted():
    tree = Tree.from_columns(
        ids=range(4), parent=[-1, 0, 0, 2], text=["", "the same", "the same", "more"]
    )
    a, b, deeper = 1, 2, 3
    ranked = Ranked(
        (RankedPair("step", a, b), RankedPair("step", a, deeper)),
        (Ranking(((a,), (b,), (deeper,))),),
    )
    item = replace(all_labelled(tree), ranked=ranked)
    for key, units in (("bradley_terry", 1), ("plackett_luce", 1)):
        lost = Lost("comparisons")
        examples = make(model_of(key), key, item, lost=lost)
        assert sum(len(e.units) for e in examples) == units
        assert lost.identical == 1
        assert "1 more compare equal texts" in str(lost)


def test_equal_paths_have_equal_numbers_and_others_have_not():
    parent = np.array([-1, 0, 1, 0, 3, 3])
    ids = [[9], [1], [2], [1], [2], [3]]
    tree = join_tokens([np.array(x, dtype=np.int32) for x in ids], parent)
    same = same_text(tree)
    assert same[1] == same[3]
    assert same[2] == same[4]
    assert len({*same.tolist()}) == 4


def test_rows_are_joined_only_where_that_is_cheaper():
    """Two distant leaves: with dear attention apart, with dear weights together."""
    parent = np.array([-1, 0, 1, 1, 0, 4, 4])
    tree = join_tokens([np.arange(20, dtype=np.int32)] * 7, parent)
    units = [np.array([2, 3]), np.array([5, 6])]
    dear_attention = CostModel(weights=1, width=10**6, layers=1)
    assert len(path_groups(tree, units, dear_attention, budget=10**6)) == 2
    assert len(path_groups(tree, units, FREE, budget=10**6)) == 1
    assert len(path_groups(tree, units, FREE, budget=100)) == 2


def test_joined_units_count_their_places_on():
    pair = PairUnits(
        np.array([0]),
        np.array([1]),
        np.ones(1),
        np.ones(1),
        np.ones(1),
        np.zeros(1, dtype=np.int64),
    )
    joined = PairUnits.join([pair, PairUnits.none(), pair], [2, 0, 2])
    assert (joined.first.tolist(), joined.second.tolist()) == ([0, 2], [1, 3])
    ranking = RankingUnits.of([[[0], [1, 2]]], [1.0])
    both = RankingUnits.join([ranking, ranking], [3, 3])
    assert both.tiers() == [[[0], [1, 2]], [[3], [4, 5]]]
    assert both.start.tolist() == [0, 3, 6]
