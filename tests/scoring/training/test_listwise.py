"""All answers in one pass: in a tree their order cannot matter; in sequences it does, and is averaged."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import exp, log
from typing import Any

import numpy as np
import pytest
import torch

from scoring.errors import TrainingError
from scoring.reward.backbone import build_tiny, mask_plan
from scoring.reward.kinds.listwise import list_loss
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork, collate
from scoring.reward.packing import path_row
from scoring.reward.reading import reading_for
from scoring.reward.registry import kind
from scoring.reward.sequences import drawn_orders, sequences
from scoring.reward.units import RankingTensors
from scoring.training.dataset import Ranked, Ranking, TrainingTree
from scoring.training.examples import passes
from scoring.training.loop import fit
from scoring.training.losses import Denominators, pass_loss
from scoring.training.objectives.registry import objective
from scoring.tree import Tree
from tests.scoring.reward_cases import tokenizer
from tests.scoring.training.compared_data import answers, config, maker

PROMPT = "Work out 12 + 34."
TEXTS = ("Take 12 + 34 = 46.", "12 + 34 = 36.", "The sum is 46, as 12 + 34.", "No idea.")


def model(**settings) -> RewardModel:
    """Random weights, the head scaled up so that answers differ."""
    row = kind("listwise")
    made = row.load(row.make_config({"tiny_layers": "2", "tiny_width": "64", **settings}))
    torch.manual_seed(0)
    backbone = build_tiny(made.config, tokenizer())
    network = RewardNetwork(backbone.module, made.make_head(64), mask_plan(backbone.module.config))
    with torch.no_grad():
        for weights in network.head.parameters():
            weights.mul_(12)
    return RewardModel(network, backbone.tokenizer, made)


def tree(texts=TEXTS, outcomes=None) -> Tree:
    """A shared first step, then each text as the end of a trace, in the order given."""
    records: list[dict[str, Any]] = [
        {"id": "p", "parent": None, "text": "", "outcome": []},
        {"id": "a", "parent": "p", "text": "Look.", "outcome": []},
    ]
    records += [
        {"id": text, "parent": "a", "text": text, "outcome": (outcomes or {}).get(text)}
        for text in texts
    ]
    return Tree.from_records(records)


def by_text(judge, texts):
    found = judge.score(PROMPT, tree(texts))
    return dict(zip((str(i) for i in tree(texts).ids[1:]), found.step[1:].tolist(), strict=True))


def test_in_a_tree_neither_order_nor_number_of_answers_changes_a_score():
    judge = model()
    first = by_text(judge, TEXTS)
    assert np.std(list(first.values())) > 0.01
    for order in list(permutations(TEXTS))[::5]:
        assert by_text(judge, order) == pytest.approx(first, abs=1e-5)
    fewer = by_text(judge, TEXTS[:2])
    assert fewer == pytest.approx({name: first[name] for name in fewer}, abs=1e-5)


def test_in_a_tree_neither_loss_nor_gradient_depends_on_the_order():
    judge, run = model(), config("listwise", lists="outcomes")
    found = []
    for texts in (TEXTS, TEXTS[::-1]):
        right = {text: float("46" in text) for text in texts}
        item = TrainingTree("p", PROMPT, tree(texts, right), np.full(6, np.nan))
        (example,) = maker(judge, run).make(item)
        judge.network.zero_grad()
        head = judge.network(collate([example.row])).head[0, torch.from_numpy(example.read)]
        loss = judge.kind.losses(head, example.units.tensors("cpu")).sum()
        loss.backward()
        found.append((loss.item(), judge.network.head[0].weight.grad.clone()))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-5)
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-4, rtol=1e-4)


def test_in_sequences_an_answer_is_judged_behind_others_and_the_orders_are_averaged():
    judge = model(reading="sequence", orders="2")
    two = tree(TEXTS[:2])
    encoding = judge.encode(PROMPT, two)
    laid = sequences(two, 2)
    assert laid.ends.shape == (2, 2)
    alone = [
        [
            float(judge.kind.reward(judge.run_plain(path_row(encoding.tree, int(e))).head)[0, -1])
            for e in row
        ]
        for row in laid.ends
    ]
    assert abs(alone[0][0] - alone[1][0]) > 1e-3, "behind another answer it is judged otherwise"
    score = judge.score(PROMPT, two).step[laid.answers]
    np.testing.assert_allclose(score, np.mean(alone, axis=0), atol=1e-5)


def test_in_sequences_the_order_in_which_answers_come_changes_nothing_but_their_number_does():
    judge = model(reading="sequence", orders="3")
    first = by_text(judge, TEXTS)
    assert by_text(judge, TEXTS[::-1]) == pytest.approx(first, abs=1e-5)
    fewer = by_text(judge, TEXTS[:3])
    assert max(abs(fewer[name] - first[name]) for name in fewer) > 1e-3


@pytest.mark.parametrize("reading", ["tree", "sequence"])
def test_packed_is_plain_and_tokens_lead_to_the_score(reading):
    judge = model(reading=reading)
    packed, plain = judge.score(PROMPT, tree()), judge.score_plain(PROMPT, tree())
    np.testing.assert_allclose(packed.step[1:], plain.step[1:], atol=1e-5)
    for position, tokens in packed.tokens.items():
        assert tokens.running[-1] == packed.step[position]
        np.testing.assert_allclose(tokens.running, plain.tokens[position].running, atol=1e-5)


def test_a_sequence_is_laid_out_as_written():
    two = tree(("x", "y"))
    laid = sequences(two, 2)
    reading = laid.reading
    assert [str(two.text[end]) for end in laid.answers] == ["x", "y"]
    assert reading.text == [
        "",
        *("Look.", "x", "", "Look.", "y"),
        *("Look.", "y", "", "Look.", "x"),
    ]
    assert reading.parent.tolist() == [-1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9]
    assert reading.origin.tolist() == [0, 1, 2, -1, 1, 3, 1, 3, -1, 1, 2]
    assert laid.ends.tolist() == [[2, 5], [10, 7]]
    assert reading.again.nonzero()[0].tolist() == [0, 3, 4, 6, 7, 8, 9, 10]


def test_few_orders_are_drawn_by_the_texts_and_all_are_read_where_they_fit():
    assert drawn_orders(3, 6, "") == list(permutations(range(3)))
    many = drawn_orders(40, 5, "k")
    assert many == drawn_orders(40, 5, "k") != drawn_orders(40, 5, "other")
    assert [sorted(order) for order in many] == [list(range(40))] * 5


def test_answers_beyond_the_context_are_scored_where_they_stand_early_enough():
    judge = model(reading="sequence", orders="24", tiny_context="60")
    texts = [f"{'go on ' * 6}{i}" for i in range(4)]
    found = judge.score(PROMPT, tree(texts))
    assert len(judge.encode(PROMPT, tree(texts)).tree) < len(reading_for(judge.kind, tree(texts)))
    assert np.isfinite(found.step[1:]).all()


def units(item, **settings):
    found = objective(config("listwise", **settings)).units(item)
    return found.tiers(), found.weights.tolist()


RIGHT = {TEXTS[0]: 1.0, TEXTS[1]: 0.0, TEXTS[2]: 1.0}


def ranked(*rankings):
    return TrainingTree(
        "p", PROMPT, tree(outcomes=RIGHT), np.full(6, np.nan), ranked=Ranked(rankings=rankings)
    )


def test_people_come_first_and_outcomes_fill_in():
    assert units(ranked()) == ([[[2, 4], [3]]], [1.0])
    mine = Ranking(((3,), (2, 4)), 0.5)
    assert units(ranked(mine)) == ([[[3], [2, 4]]], [0.5])
    assert units(ranked(mine), lists="outcomes") == ([[[2, 4], [3]]], [1.0])
    assert units(ranked(), lists="rankings") == ([], [])
    steps, tied = replace(mine, level="step"), Ranking(((2, 3, 4),))
    assert units(ranked(steps, tied), lists="rankings") == ([], [])


def test_each_order_is_a_unit_and_together_they_weigh_what_the_list_does():
    item = ranked(Ranking(((3,), (2, 4)), 0.5))
    laid = sequences(item.tree, 4)
    column = {int(answer): i for i, answer in enumerate(laid.answers)}
    tiers, weights = units(item, reading="sequence", orders="4")
    assert tiers == [
        [[row[column[3]]], [row[column[2]], row[column[4]]]] for row in laid.ends.tolist()
    ]
    assert weights == [0.125] * 4


def test_equal_texts_are_one_answer_in_sequences():
    records = [{"id": 0, "parent": None, "text": "", "outcome": []}]
    records += [
        {"id": i, "parent": 0, "text": text, "outcome": outcome}
        for i, (text, outcome) in enumerate([("x", 1.0), ("x", 0.0), ("y", 0.0)], start=1)
    ]
    item = TrainingTree("p", "P", Tree.from_records(records), np.full(4, np.nan))
    tiers, _ = units(item, reading="sequence", orders="1")
    assert [len(tier) for tier in tiers[0]] == [1, 1]


def test_nothing_told_apart_is_refused_with_the_way_out():
    item = TrainingTree("p", PROMPT, tree(outcomes=dict.fromkeys(TEXTS, 1.0)), np.full(6, np.nan))
    with pytest.raises(TrainingError, match="rank traces of some problems, or import outcomes"):
        objective(config("listwise")).refuse([item])


def test_the_loss_is_the_formula_and_its_gradient_is_the_formulas():
    r = [0.8, -0.3, 0.1]
    whole = log(sum(map(exp, r)))
    one = list_loss(torch.tensor(r), torch.tensor([0, 1, 1]))
    assert float(one) == pytest.approx(whole - 0.8)
    two = list_loss(torch.tensor(r), torch.tensor([0, 0, 1]))
    assert float(two) == pytest.approx(whole - (0.8 - 0.3) / 2)
    row = kind("listwise")
    made = row.load(row.make_config({"centring": "0.3"}))
    targets = RankingTensors(
        torch.tensor([1, 0, 2, 0, 1]), torch.tensor([0, 0, 1, 0, 1]), (0, 3, 5)
    )
    head = torch.randn(3, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: made.losses(x, targets), (head,))


def test_a_run_on_sequences_learns_and_opens_again(tmp_path):
    run = config("listwise", reading="sequence", orders="2", step_tokens="600")
    result = fit(
        run, [answers(i) for i in range(12)], [answers(100 + i) for i in range(4)], out_dir=tmp_path
    )
    assert result.metrics["pair_accuracy"].value > 0.9


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("listwise", {}),
        ("listwise", {"reading": "sequence", "orders": "3"}),
        ("hrm", {"grade": "outcome", "compression": "1", "compress_from": "2"}),
    ],
)
def test_accumulating_row_by_row_gives_the_gradient_of_one_pass(key, settings):
    judge = model(**(settings if key == "listwise" else {}))
    run = config(key, **settings)
    learnt = run.row.load(run.model)
    if key == "hrm":
        judge.network.head = learnt.make_head(64)
    made = maker(judge, run)
    examples = [e for number in range(3) for e in made.make(answers(number))]
    assert len(examples) > 2
    found = []
    for pass_tokens in (1, 100_000):
        judge.network.zero_grad()
        loss = 0.0
        groups = passes(examples, pass_tokens)
        assert len(groups) == (len(examples) if pass_tokens == 1 else 1)
        for group in groups:
            parts = pass_loss(
                judge.network,
                learnt,
                group,
                Denominators.of(examples),
                lm_weight=0.5,
                device=torch.device("cpu"),
            )
            parts.total.backward()
            loss += parts.total.item()
        found.append((loss, [p.grad.clone() for p in judge.network.parameters()]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-3)
