"""Cutting, accumulating and rounding leave loss and gradient as they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scoring.reward.packing import CostModel
from scoring.training.config import RunConfig
from scoring.training.examples import ExampleMaker, passes
from scoring.training.losses import Denominators, pass_loss
from scoring.training.objectives.registry import objective
from tests.scoring.reward_cases import all_labelled, forked_tree, tiny_model

FEW_ROWS = CostModel(weights=10**9, width=64, layers=2)  # only the budget cuts


def gradients(
    model, item, *, budget, pass_tokens, weighting="per_node", lm_weight=1.0, bfloat16=False
):
    learnt = objective(RunConfig.from_settings({"weighting": weighting}))
    maker = ExampleMaker(model.tokenizer, FEW_ROWS, model.context, budget, learnt)
    examples = maker.make(item)
    model.network.zero_grad()
    denominators = Denominators.of(examples)
    total = 0.0
    for group in passes(examples, pass_tokens):
        parts = pass_loss(
            model.network,
            model.kind,
            group,
            denominators,
            lm_weight=lm_weight,
            device=torch.device("cpu"),
            bfloat16=bfloat16,
        )
        parts.total.backward()
        total += float(parts.total.detach())
    return total, [p.grad.clone() for p in model.network.parameters()], len(examples)


@pytest.mark.parametrize(("budget", "pass_tokens"), [(60, 60), (60, 4096), (200, 400)])
def test_cutting_and_accumulating_leave_loss_and_gradient_as_they_are(budget, pass_tokens):
    model, item = tiny_model(), all_labelled(forked_tree(30))
    whole, wanted, one = gradients(model, item, budget=4096, pass_tokens=4096)
    cut, got, many = gradients(model, item, budget=budget, pass_tokens=pass_tokens)
    assert (one, many > 1) == (1, True)
    assert cut == pytest.approx(whole, rel=1e-5)
    for a, b in zip(wanted, got, strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-3)


def test_per_leaf_weights_give_the_loss_of_one_row_per_trace():
    model, tree = tiny_model(), forked_tree(20)
    item = all_labelled(tree)
    packed, wanted, _ = gradients(
        model, item, budget=4096, pass_tokens=4096, weighting="per_leaf", lm_weight=0.0
    )
    losses = []
    with torch.no_grad():
        scores = model.score_plain(item.problem_text, tree).step
        for path in (p for leaf in tree.leaves for p in [path_to(tree, int(leaf))]):
            y, p = item.targets[path], scores[path].astype(float)
            losses.append(-(y * np.log(p) + (1 - y) * np.log(1 - p)))
    assert packed == pytest.approx(float(np.concatenate(losses).mean()), rel=1e-3)
    assert any(g.abs().max() > 0 for g in wanted)


def path_to(tree, node):
    path = []
    while node > 0:
        path.append(node)
        node = int(tree.parent[node])
    return np.array(path[::-1])


def test_bfloat16_changes_the_loss_by_rounding_only():
    model, item = tiny_model(), all_labelled(forked_tree(20))
    exact, _, _ = gradients(model, item, budget=4096, pass_tokens=4096)
    rounded, _, _ = gradients(model, item, budget=4096, pass_tokens=4096, bfloat16=True)
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.02)
