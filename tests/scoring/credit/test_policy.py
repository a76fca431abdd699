"""Methods that read log-probabilities and critics, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.base import NO_SIGNAL
from scoring.credit.returns import STAND_IN
from scoring.errors import MissingInputError, ScoringError
from scoring.tree import Tree
from tests.scoring.credit.trees import UNSET, by_node, chain, of_trace, step, tree

# --- log-ratios ---------------------------------------------------------------------------------

# log-ratios by step: −1 − (−2) − 3 − (−1) = −1, and 2
RATIOS = tree(
    step("a", logp=[-1.0, -3.0], logp_ref=[-2.0, -1.0]),
    step("b", "a", 1, logp=-1.0, logp_ref=-3.0),
    step("c", "a", 0, logp=None, logp_ref=[-1.0]),
)


@pytest.mark.parametrize("key", ["implicit_prm", "dpo_credit"])
def test_a_log_ratio_is_summed_over_the_tokens_of_a_step(key):
    want = {"a": -0.05, "b": 0.1, "c": math.nan}
    assert by_node(key, RATIOS) == pytest.approx(want, nan_ok=True)
    assert by_node(key, RATIOS, beta=1)["a"] == pytest.approx(-1)
    assert "1 of 3 steps have no log-probabilities of both models" in assign(key, RATIOS).notes


def test_a_sum_stands_for_any_number_of_tokens_but_lists_must_match():
    mixed = tree(step("a", logp=[-1.0, -3.0], logp_ref=-3.0))
    assert by_node("implicit_prm", mixed, beta=1)["a"] == pytest.approx(-1)
    unequal = tree(step("a", logp=[-1.0, -3.0], logp_ref=[-1.0, -2.0, -3.0]))
    with pytest.raises(ScoringError, match=r"'logp_ref' of 'a' must be a list of 2 numbers"):
        assign("implicit_prm", unequal)


@pytest.mark.parametrize("lost", [None, math.nan, -math.inf])
def test_a_step_with_a_token_of_unknown_probability_has_no_ratio(lost):
    found = tree(step("a", logp=[-1.0, lost], logp_ref=[-1.0, -1.0]))
    assert math.isnan(by_node("implicit_prm", found)["a"])


def test_oprl_by_hand():
    # outcomes 1 and 0: RLOO ±1. Step rewards −0.05 (on both traces), 0.1 and 0: mean 0,
    # sample variance (2 · 0.0025 + 0.01) / 3 = 0.005
    found = tree(
        step("a", logp=-2, logp_ref=-1),
        step("b", "a", 1, logp=-1, logp_ref=-3),
        step("c", "a", 0, logp=-1, logp_ref=-1),
    )
    size = math.sqrt(0.005)
    assert of_trace("oprl", found, "b", eps=0.0) == pytest.approx([1 - 0.05 / size, 1 + 0.1 / size])
    assert of_trace("oprl", found, "c", eps=0.0) == pytest.approx([-1 - 0.05 / size, -1])
    got = of_trace("oprl", found, "b", eps=0.0, episode="mean", weight=2, ddof=0)
    size = math.sqrt(0.015 / 4)
    assert got == pytest.approx([0.5 - 0.1 / size, 0.5 + 0.2 / size])


def test_oprl_of_what_does_not_differ_is_zero_and_of_an_unknown_outcome_nothing():
    cell = {"logp": -1, "logp_ref": -2}
    equal = tree(step("a", outcome=1, **cell), step("b", outcome=1, **cell))
    assert by_node("oprl", equal) == {"a": 0, "b": 0}
    assert NO_SIGNAL in assign("oprl", equal).notes
    apart = tree(step("a", outcome=1, **cell), step("b", outcome=1, logp=-2, logp_ref=-1))
    # log-ratios 1 and −1 times beta 0.05: ±0.05 over their sample deviation 0.0707
    got = by_node("oprl", apart, eps=0.0)
    assert got == pytest.approx({"a": math.sqrt(0.5), "b": -math.sqrt(0.5)})
    left = "all outcomes are equal: what is left is from the model's log-probabilities"
    assert left in assign("oprl", apart).notes
    assert NO_SIGNAL not in assign("oprl", apart).notes
    some = tree(
        step("a", outcome=1, **cell),
        step("b", outcome=0, logp=-2, logp_ref=-1),
        step("c", outcome=None, logp=-9, logp_ref=-1),
    )
    got = by_node("oprl", some, eps=0.0)
    half = math.sqrt(0.5)
    want = {"a": 1 + half, "b": -1 - half, "c": math.nan}
    assert got == pytest.approx(want, nan_ok=True)


def test_oprl_takes_rounding_for_no_difference():
    found = tree(
        step("a", outcome=1, logp=[0.1, 0.2], logp_ref=[0, 0]),  # their sum is not 0.3
        step("b", outcome=0, logp=0.3, logp_ref=0),
    )
    assert by_node("oprl", found, eps=0.0) == {"a": 1, "b": -1}


def test_t_reg_by_hand():
    found = tree(
        step("a", logp_better=[-1.0, -2.0], logp_worse=[-1.0, -4.0]),
        step("b", logp_better=[-1.0], logp_worse=None),
    )
    token = 1 / (1 + math.exp(-2)) - 0.5
    want = {"a": (0 + token) / 2, "b": math.nan}
    assert by_node("t_reg", found) == pytest.approx(want, nan_ok=True)
    far = tree(step("a", logp_better=[-1e5], logp_worse=[-1.0]))
    assert by_node("t_reg", far)["a"] == pytest.approx(-0.5)
    unequal = tree(step("a", logp_better=[-1.0, -3.0], logp_worse=[-1.0]))
    with pytest.raises(ScoringError, match="'logp_worse' of 'a'"):
        assign("t_reg", unequal)


def test_likelihood_by_hand():
    found = tree(
        step("a", answer_logp=[-1.0, -1.0]),
        step("b", "a", answer_logp=[-0.5, -0.5]),
        step("c", "a", answer_logp=None),
        step("d", "c", answer_logp=[-0.5, -0.5]),
        answer_logp=[-3.0, -1.0],
    )
    none = {"c": math.nan, "d": math.nan}
    assert by_node("likelihood", found) == pytest.approx({"a": 2, "b": 1, **none}, nan_ok=True)
    got = by_node("likelihood", found, form="probability")
    want = {"a": math.exp(-2) - math.exp(-4), "b": math.exp(-1) - math.exp(-2), **none}
    assert got == pytest.approx(want, nan_ok=True)
    got = by_node("likelihood", found, form="per_token")
    assert got == pytest.approx({"a": 1, "b": 0.5, **none}, nan_ok=True)
    assert any("2 of 4 steps" in note for note in assign("likelihood", found).notes)
    sums = tree(step("a", answer_logp=-2.0), answer_logp=-4.0)
    assert any("single token" in n for n in assign("likelihood", sums, form="per_token").notes)


# --- OREO ---------------------------------------------------------------------------------------


def test_oreo_residual_by_hand():
    found = tree(
        step("a", logp=-1, logp_ref=-2),
        step("b", "a", 1, logp=-1, logp_ref=-4),
        step("c", "a", 0, logp=-2, logp_ref=-1),
    )
    # V is 1/2 at the problem and at a; on the way to b: 1 − 0.1 (1 + 3) − 1/2, then 1 − 0.3 − 1/2
    assert of_trace("oreo_residual", found, "b", beta=0.1) == pytest.approx([0.1, 0.2])
    assert of_trace("oreo_residual", found, "c", beta=0.1) == pytest.approx([-0.5, -0.4])
    assert by_node("oreo_residual", found, beta=0.1)["a"] == pytest.approx(-0.2)
    assert STAND_IN in assign("oreo_residual", found).notes


def test_oreo_residual_with_imported_values():
    cells = {"logp": -1, "logp_ref": -2}
    found = tree(step("a", value=0.7, **cells), step("b", "a", 1, value=0.9, **cells), value=0.4)
    got = of_trace("oreo_residual", found, "b", beta=0.1, critic="value")
    assert got == pytest.approx([1 - 0.2 - 0.4, 1 - 0.1 - 0.7])
    assert STAND_IN not in assign("oreo_residual", found, critic="value").notes
    with pytest.raises(MissingInputError, match="value"):
        assign("oreo_residual", tree(step("a", outcome=1, **cells)), critic="value")


def test_oreo_residual_needs_every_later_ratio():
    found = tree(
        *chain("a", 1, {"logp": -1, "logp_ref": -1}, {"logp": None}, {"logp": -1, "logp_ref": -1}),
        *chain("b", None, {"logp": -1, "logp_ref": -1}),
    )
    got = by_node("oreo_residual", found)
    assert np.isnan([got["a0"], got["a1"], got["b0"]]).all()
    assert got["a2"] == 0  # 1 − 0 − the leaf value 1


# --- POAD ---------------------------------------------------------------------------------------

ACTIONS = tree(
    *chain(
        "a",
        UNSET,
        {"value_tokens": [1.0, 2.0], "step_reward": 0.5},
        {"value_tokens": [3.0], "step_reward": 1.0},
    )
)


def test_poad_by_hand():
    # second step: 1 + 0 − 3 = −2. First step's last token: 0.5 + 0.9 · 3 − 2 = 1.2, and
    # 1.2 + 0.9 · 0.8 · (−2) = −0.24; its first token: 2 − 1 = 1 without gamma, 1 + 0.8 · (−0.24)
    got = of_trace("poad", ACTIONS, "a1", gamma=0.9, lam=0.8)
    assert got == pytest.approx([(0.808 - 0.24) / 2, -2.0])


@pytest.mark.parametrize("lam", [0.0, 0.5, 1.0])
def test_poad_equals_the_recursion_over_tokens(lam):
    rng = np.random.default_rng(5)
    lists = [rng.normal(size=size).tolist() for size in (3, 1, 5, 2)]
    rewards = rng.normal(size=4).tolist()
    found = tree(
        *chain(
            "a",
            UNSET,
            *({"value_tokens": v, "step_reward": r} for v, r in zip(lists, rewards, strict=True)),
        )
    )
    want, after, value = [], 0.0, 0.0
    for tokens, reward in zip(reversed(lists), reversed(rewards), strict=True):
        after = reward + 0.9 * value - tokens[-1] + 0.9 * lam * after
        advantages = [after]
        for here, there in zip(tokens[-2::-1], tokens[:0:-1], strict=True):
            after = there - here + lam * after
            advantages.append(after)
        value = tokens[0]
        want.insert(0, np.mean(advantages))
    assert of_trace("poad", found, "a3", gamma=0.9, lam=lam) == pytest.approx(want)


def test_poad_with_leaf_values_is_an_advantage_between_steps():
    found = tree(
        step("a", outcome=1, step_reward=1.0),
        step("b", step_reward=0.0),
        step("c", "b", 0, step_reward=0.0),
    )
    # V before a, b and c: 1/2, 1/2, 0. a: 1 − 1/2; c: 0; b: 0 + 0.9 · 0 − 1/2
    got = by_node("poad", found, critic="leaf", gamma=0.9, lam=0.8)
    assert got == pytest.approx({"a": 0.5, "b": -0.5, "c": 0.0})
    assert STAND_IN in assign("poad", found, critic="leaf").notes
    with pytest.raises(MissingInputError, match="value_tokens"):
        assign("poad", found)


def test_poad_has_no_value_before_a_step_without_reward_or_values():
    cell = {"value_tokens": [1.0], "step_reward": 0.0}
    for lost in ({"step_reward": 0.0}, {"value_tokens": [1.0]}, cell | {"value_tokens": [1, None]}):
        found = tree(*chain("a", UNSET, cell, lost, cell), *chain("b", UNSET, cell))
        got = by_node("poad", found)
        assert np.isnan([got["a0"], got["a1"]]).all()
        assert [got["a2"], got["b0"]] == pytest.approx([-1.0, -1.0])


def test_a_deep_chain_takes_no_recursion():
    n = 5000
    found = Tree.from_columns(
        ids=range(n),
        depth=range(n),
        ends=[n - 1],
        outcomes=[1.0],
        extra={"value_tokens": [0.0] * n, "step_reward": [0.0] * (n - 1) + [1.0]},
    )
    got = assign("poad", found).per_node
    assert got[-1] == 1
    assert got[-3] == pytest.approx(0.95**4)
