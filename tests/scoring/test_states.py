"""States are those of the scores: the head reads the score off them, packed as path by path."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scoring.reward.kinds.listwise import Listwise
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.packing import path_row
from scoring.reward.registry import kind
from scoring.reward.states import head_direction, tree_states
from tests.scoring.reward_cases import chain, forked_tree, tiny_model


def logit(score):
    p = np.asarray(score, np.float64)
    return np.log(p / (1 - p))


@pytest.mark.parametrize("head", ["two_class", "scalar"])
def test_the_head_reads_the_score_off_the_states(head):
    model, tree = tiny_model(head=head), forked_tree()
    states = tree_states(model, "Work out 12 + 34.", tree)
    assert states.shape == (30, 64)
    assert states.dtype == np.float32
    assert np.isnan(states[0]).all()
    scores = model.score("Work out 12 + 34.", tree).step
    read = states[1:].astype(np.float64) @ head_direction(model)
    np.testing.assert_allclose(read, logit(scores[1:]), atol=1e-4)  # its constant starts at 0
    assert np.std(read) > 0.01


def test_states_are_those_of_each_path_alone():
    model, tree = tiny_model(), forked_tree(12)
    states = tree_states(model, "problem", tree)
    encoding = model.encode("problem", tree)
    for node in range(1, 12):
        alone = model.run_plain(path_row(encoding.tree, node)).hidden[0, -1]
        np.testing.assert_allclose(states[node], alone.numpy(), atol=1e-4)


def test_a_step_beyond_the_context_has_no_state():
    model, tree = tiny_model(context=64), chain(30)
    states = tree_states(model, "problem", tree)
    scores = model.score("problem", tree).step
    assert np.isnan(scores[1:]).any()
    assert np.array_equal(np.isnan(states[:, 0]), np.isnan(scores))


def test_a_head_that_bends_has_no_direction():
    model = tiny_model()
    made = Listwise(kind("listwise").make_config({}))
    torch.manual_seed(0)
    head = made.make_head(64)
    bent = RewardModel(RewardNetwork(model.network.backbone, head), model.tokenizer, made)
    with torch.no_grad():
        for weight in head.parameters():
            weight.mul_(10)
    assert head_direction(bent) is None
    assert head_direction(model) is not None
