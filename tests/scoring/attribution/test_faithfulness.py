"""Checks of methods: planted truth that is learnt in the run, deletion, shuffled weights, the card."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from scoring.attribution import METHODS, attribute
from scoring.attribution.faithfulness import FaithfulnessCard
from scoring.attribution.faithfulness import card as cards
from scoring.attribution.faithfulness.agreement import agreements
from scoring.attribution.faithfulness.card import card, planted_score
from scoring.attribution.faithfulness.deletion import curves
from scoring.attribution.faithfulness.hidden import WORDS, worth
from scoring.attribution.faithfulness.numbers import (
    pearson,
    ranks,
    sign_agreement,
    spearman,
    top_recall,
    z_score,
)
from scoring.attribution.faithfulness.planted import PROBLEM, plant
from scoring.attribution.faithfulness.randomised import rank_correlation, shuffled
from scoring.attribution.registry import parameters
from scoring.errors import AttributionError
from tests.scoring.attribution.cases import STEPS, trained

IG = "integrated_gradients"


@pytest.fixture(scope="module")
def additive():
    return plant("additive")


@pytest.fixture(scope="module")
def interaction():
    return plant("interaction")


@pytest.fixture(scope="module")
def found(additive):
    paths = [(PROBLEM, one.steps) for one in additive.examples]
    return paths, [attribute(IG, additive.model, *path) for path in paths]


# --- numbers by hand ----------------------------------------------------------------------------


def test_correlations_and_scores_by_hand():
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert pearson([1, 2, 3], [1, 1, 1]) == 0
    assert pearson([0, 0, 1, 1], [0, 1, 0, 1]) == pytest.approx(0)
    assert ranks([5, 1, 5, 9]).tolist() == [1.5, 0, 1.5, 3]
    assert spearman([1, 2, 3, 9], [1, 4, 9, 10]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert z_score(5, [1, 2, 3]) == pytest.approx(3)
    assert z_score(5, [1, 1]) == math.inf
    assert z_score(1, [1, 1]) == 0
    assert sign_agreement([1, -2, 3, 5], [1, 1, -1, 0]) == pytest.approx(1 / 3)
    assert sign_agreement([1], [0]) == 1
    assert top_recall([3, -2, 1, 0], [1, 0, -1, 0]) == 0.5
    assert top_recall([1], [0]) == 1


def test_the_truth_of_words_by_hand():
    names = {word: number for number, word in enumerate(WORDS)}
    text = ["the", "not", "good", "bad", "not", "right", "a", "not", "good", "of", "the", "is"]
    words = np.array([names[word] for word in text]).reshape(1, 3, 4)
    assert worth(words, "additive").ravel().tolist() == [0, 0, 1, -1, 0, 1, 0, 0, 1, 0, 0, 0]
    # "not" at the end of a step does not meet the next step's first word
    assert worth(words, "interaction").ravel().tolist() == [0, -1, 0, -1, -1, 0, 0, 0, 1, 0, 0, 0]


# --- planted truth ------------------------------------------------------------------------------


def test_integrated_gradients_find_an_additive_truth(additive):
    assert additive.fit > 0.99
    score = planted_score(IG, additive)
    assert score.by_token >= 0.95
    assert score.sign >= 0.97
    assert score.top >= 0.95
    assert score.judged == score.by_token


def test_integrated_gradients_come_near_the_shapley_values_of_an_interaction(interaction):
    assert interaction.fit > 0.9
    assert planted_score(IG, interaction).by_token >= 0.75


def test_the_running_reward_is_right_by_step_and_not_by_token(additive):
    score = planted_score("running_reward", additive)
    assert score.by_step >= 0.7
    assert score.judged == score.by_step
    assert score.by_token < score.by_step


def test_step_methods_come_near_the_truth_of_steps(additive):
    for key in ("leave_one_step_out", "step_shapley"):
        assert planted_score(key, additive).judged >= 0.7


def test_the_same_seed_plants_the_same_model(additive):
    again = plant("additive", updates=2)
    other = plant("additive", updates=2)
    one, two = (m.model.network.head.weight for m in (again, other))
    assert torch.equal(one, two)
    assert [e.steps for e in again.examples] == [e.steps for e in other.examples]
    assert not torch.equal(one, additive.model.network.head.weight)


# --- deletion and shuffled weights --------------------------------------------------------------


def test_deleting_by_credit_beats_chance_and_the_reverse_order_does_not(additive, found):
    paths, results = found
    right = curves(additive.model, results, paths)
    assert right.deletion_z >= 3
    assert right.insertion_z >= 3
    wrong = [replace(one, credit=-one.credit) for one in results]
    turned = curves(additive.model, wrong, paths)
    assert turned.deletion_z <= -3
    assert turned.deletion < right.deletion
    assert curves(additive.model, results, paths) == right  # the same seed, the same orders


def test_deletion_by_hand(additive, found):
    """One path, its most credited word replaced: the fall is that of f, read at the same token."""
    paths, results = found
    only = curves(additive.model, results[:1], paths[:1])
    text = results[0].credit[results[0].end > results[0].begin]
    assert len(text) == 12
    # 5 % and 10 % are one word of twelve each, 20 % two, 30 % four, 50 % six
    best = np.sort(text)[::-1]
    near = float(np.mean([best[:n].sum() for n in (1, 1, 2, 4, 6)]))
    assert only.deletion == pytest.approx(near, rel=0.25)


def test_shuffled_weights_come_back_and_say_something_else(additive, found):
    paths, results = found
    before = [w.clone() for w in additive.model.network.parameters()]
    with shuffled(additive.model, 0):
        now = list(additive.model.network.parameters())
        assert any(not torch.equal(a, b) for a, b in zip(before, now, strict=True))
        for a, b in zip(before, now, strict=True):
            assert torch.equal(a.flatten().sort().values, b.flatten().sort().values)
    for a, b in zip(before, additive.model.network.parameters(), strict=True):
        assert torch.equal(a, b)
    rho = rank_correlation(additive.model, IG, results, paths)
    assert abs(rho) <= 0.15


def test_a_method_that_ignores_the_weights_would_be_caught(additive, found, monkeypatch):
    from scoring.attribution.faithfulness import randomised

    paths, results = found
    fixed = dict(zip([steps for _, steps in paths], results, strict=True))
    monkeypatch.setattr(randomised, "attribute", lambda _k, _m, _p, steps: fixed[steps])
    assert rank_correlation(additive.model, IG, results, paths) == pytest.approx(1)


# --- agreement ----------------------------------------------------------------------------------


def test_methods_that_disagree_are_flagged_and_nothing_is_averaged():
    model = trained()
    one = attribute("running_reward", model, "p", STEPS)
    same = attribute("closed_prefix", model, "p", STEPS)
    turned = replace(same, per_step=-same.per_step, params={"baseline": "other"})
    got = agreements([one, same, turned])
    assert [(g.first, g.second) for g in got] == [
        ("running_reward", "closed_prefix"),
        ("running_reward", "closed_prefix (other)"),
        ("closed_prefix", "closed_prefix (other)"),
    ]
    np.testing.assert_allclose([g.rho for g in got], [1, -1, -1], atol=1e-12)
    assert [g.flagged for g in got] == [False, True, True]
    (few,) = agreements([replace(r, per_step=r.per_step[:2]) for r in (one, turned)])
    assert math.isnan(few.rho)
    assert not few.flagged


# --- the card -----------------------------------------------------------------------------------


def test_a_card_tells_every_check_and_integrated_gradients_pass(additive, interaction, found):
    paths, _ = found
    got = card(additive.model, IG, paths, made=[additive, interaction])
    assert [check.key for check in got.checks] == [
        *("completeness", "deletion", "insertion", "randomised"),
        *("planted_additive", "planted_sign", "planted_interaction"),
    ]
    assert got.passed, got.failed
    assert got.paths == len(paths)
    assert json.loads(json.dumps(got.to_dict()))["passed"] is True


def test_a_card_with_a_failed_check_has_not_passed(additive, found):
    paths, _ = found
    got = card(additive.model, IG, paths[:4], made=[], start=2, limit=2)
    # Two nodes are enough for this smooth model: spoil the sum to see the rule.
    first, *others = (replace(check, passed=True) for check in got.checks)
    shown = replace(others[0], passed=None)
    assert got.params == parameters(METHODS[IG], {"start": 2, "limit": 2})
    assert FaithfulnessCard(IG, "1", "h", 4, got.params, (first, shown)).passed, (
        "what is only shown fails nothing"
    )
    spoilt = replace(got, checks=(replace(first, value=0.2, passed=False), shown))
    assert spoilt.failed == ("completeness",)
    assert not spoilt.passed


def test_signs_are_asked_of_methods_by_token(additive, monkeypatch):
    right = cards._credits

    def turned(key, made, params):  # one word in ten the wrong way round
        return [
            replace(one, credit=np.where(np.arange(len(one.credit)) % 10, one.credit, -one.credit))
            for one in right(key, made, params)
        ]

    truth, sign = cards._on_planted(IG, additive, {})
    assert (truth.key, sign.key) == ("planted_additive", "planted_sign")
    assert sign.passed
    assert sign.limit == 0.97
    monkeypatch.setattr(cards, "_credits", turned)
    assert cards._on_planted(IG, additive, {})[1].passed is False
    assert [one.key for one in cards._on_planted("running_reward", additive, {})] == [truth.key]


def test_checks_say_that_another_method_was_tried(additive):
    (own,) = cards._on_planted("running_reward", additive, {})
    (other,) = cards._on_planted("objective_split", additive, {})
    assert other.value == own.value
    assert other.words == (
        f"{own.words} Tried with Running reward in its place, since planted models have one number."
    )


def test_a_method_with_steps_only_has_no_completeness_to_keep(additive, found):
    paths, _ = found
    got = card(additive.model, "leave_one_step_out", paths[:6], made=[additive])
    assert [check.key for check in got.checks] == [
        *("deletion", "insertion", "randomised", "planted_additive"),
    ]
    with pytest.raises(AttributionError, match="at least one path"):
        card(additive.model, IG, [])
