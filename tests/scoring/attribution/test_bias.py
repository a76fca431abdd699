"""Position and length: planted biases are found, trends that are not there are not, and spoilt credit is caught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scoring.attribution import METHODS, attribute
from scoring.attribution.faithfulness import bias, card
from scoring.attribution.faithfulness.bias import share_found, trend_found
from scoring.attribution.faithfulness.hidden import (
    ABSENT,
    BIASED,
    COST,
    STEPS,
    TASKS,
    VARIED,
    WORDS,
    draw,
    plain_worth,
    worth,
)
from scoring.attribution.faithfulness.planted import PROBLEM, Example, Planted, _rewards, plant
from scoring.attribution.methods.step_shapley import exact_shapley
from tests.scoring.attribution.cases import trained

CAN = {(row.key, one.task): one for row in METHODS.values() for one in row.shares}


@pytest.fixture(scope="module")
def made():
    return {task: plant(task) for task in VARIED}


def checks_of(key, made, **params):
    biases = [card._bias(key, made[task], params) for task in BIASED]
    return [*card._trends(key, made["even"], params), *biases]


# --- hidden utilities ---------------------------------------------------------------------------


def numbers_of(*steps):
    names = {word: number for number, word in enumerate(WORDS)}
    found = np.full((1, STEPS, 6), ABSENT)
    for k, step in enumerate(steps):
        for place, word in enumerate(step.split()):
            found[0, k, place] = names[word]
    return found


def test_what_words_are_worth_where_they_stand():
    words = numbers_of("good the", "bad", "right wrong a")
    assert plain_worth(words).sum(axis=2).tolist() == [[1, -1, 0]]
    assert worth(words, "even").tolist() == plain_worth(words).tolist()
    at = worth(words, "position")[0]
    assert at[:, :2].tolist() == [[2, 0], [-1, 0], [0, 0]]
    cost = worth(words, "length")[0]
    assert cost[0].tolist() == [1 - COST, -COST, 0, 0, 0, 0]
    assert cost.sum(axis=1) == pytest.approx([1 - 2 * COST, -1 - COST, -3 * COST])


@pytest.mark.parametrize("task", VARIED)
def test_answers_have_steps_of_all_lengths_and_none_behind_the_last(task):
    words = draw(task, 400, np.random.default_rng(0))
    lengths = (words != ABSENT).sum(axis=2)
    assert set(lengths.ravel().tolist()) == set(range(7))
    assert set((lengths > 0).sum(axis=1).tolist()) == {1, 2, 3}
    assert not ((lengths[:, :-1] == 0) & (lengths[:, 1:] > 0)).any()
    assert (np.diff((words != ABSENT).astype(int), axis=2) <= 0).all()
    assert (draw(task, 50, np.random.default_rng(0), whole=True)[:, :, 0] != ABSENT).all()


def test_an_example_counts_its_words():
    one = Example(("good the", "bad"), np.array([2.0, 0, -1]), np.array([1.0, 0, -1]))
    assert one.lengths.tolist() == [2, 1]
    assert one.step.tolist() == [0, 0, 1]
    assert one.by_step.tolist() == [2, -1]
    assert one.plain_by_step.tolist() == [1, -1]


def test_answers_of_different_lengths_are_read_at_their_own_ends():
    model = plant("length", updates=1).model
    words = draw("length", 6, np.random.default_rng(3))
    with torch.no_grad():
        together = _rewards(model, words).numpy()
    assert len(set((words != ABSENT).sum(axis=(1, 2)).tolist())) > 1
    for answer, reward in zip(words, together, strict=True):
        steps = [" ".join(WORDS[w] for w in step if w != ABSENT) for step in answer]
        found = attribute("running_reward", model, PROBLEM, [step for step in steps if step])
        assert found.value == pytest.approx(float(reward), abs=1e-5)


# --- the measures, with utilities in the place of models -----------------------------------------


def known(task, count=400):
    """Return examples of a task without a model, and their words."""
    words = draw(task, count, np.random.default_rng(1), whole=True)
    truth, plain = worth(words, task), plain_worth(words)
    examples = tuple(
        Example(
            tuple(" ".join(WORDS[w] for w in step if w != ABSENT) for step in answer),
            truth[n][answer != ABSENT],
            plain[n][answer != ABSENT],
        )
        for n, answer in enumerate(words)
    )
    return Planted(task, trained(), examples, 1.0, 1.0), words


def utility(words, members, task):
    """Return what an answer is worth with only some of its steps there: they move up."""
    there = [step for k, step in enumerate(words) if members >> k & 1]
    moved = np.full_like(words, ABSENT)
    if there:
        moved[: len(there)] = there
    return float(worth(moved[None], task).sum())


@pytest.mark.parametrize("task", BIASED)
@pytest.mark.parametrize("key", ["closed_prefix", "leave_one_step_out", "step_shapley"])
def test_the_share_that_a_method_can_show_follows_from_what_it_compares(key, task):
    made, words = known(task)
    credit = []
    whole = 2**STEPS - 1
    for answer in words:
        values = {m: utility(answer, m, task) for m in range(whole + 1)}
        if key == "step_shapley":
            credit += exact_shapley(values, STEPS).tolist()
        elif key == "closed_prefix":
            credit += [values[2 ** (k + 1) - 1] - values[2**k - 1] for k in range(STEPS)]
        else:
            credit += [values[whole] - values[whole - 2**k] for k in range(STEPS)]
    can = CAN[key, task].share if (key, task) in CAN else 1
    assert share_found(np.array(credit), made) == pytest.approx(can, abs=0.1)


def test_shares_and_trends_by_hand():
    made, _ = known("length")
    truth = np.concatenate([one.by_step for one in made.examples])
    plain = np.concatenate([one.plain_by_step for one in made.examples])
    assert share_found(truth, made) == pytest.approx(1)
    assert share_found(3 * truth + 7, made) == pytest.approx(1)  # scale and offset are free
    assert share_found(plain, made) == pytest.approx(0, abs=1e-9)
    assert share_found(2 * plain - truth, made) == pytest.approx(-1)
    assert share_found(truth, replace(made, learnt=0.5)) == pytest.approx(2)
    even, _ = known("even")
    plain = np.concatenate([one.plain_by_step for one in even.examples])
    words = np.concatenate([one.lengths for one in even.examples])
    place = np.tile([0.0, 1, 2], len(even.examples))
    for of in bias.TRENDS:
        assert trend_found(plain, even, of) == pytest.approx(0, abs=1e-9)
    longer = plain + 0.5 * words
    assert trend_found(longer, even, "length") == pytest.approx(
        0.5 * words.std() / plain.std(), rel=0.05
    )
    later = plain + 0.5 * place
    assert trend_found(later, even, "position") == pytest.approx(
        0.5 * place.std() / plain.std(), rel=0.05
    )
    assert trend_found(plain * (1 + 0.4 * (place - 1)), even, "position") > bias.MOST_TREND


SHAPES = {
    "the middle step gets more": ("position", lambda u, place, words: u + 1.5 * (place == 1)),
    "words of the middle step count twice": (
        "position",
        lambda u, place, words: u * (1 + (place == 1)),
    ),
    "steps of middle length get less": (
        "length",
        lambda u, place, words: u + 0.2 * (words - 3.5) ** 2,
    ),
    "words of long steps count more": ("length", lambda u, place, words: u * words),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_trend_need_not_be_a_straight_line(shape):
    of, bend = SHAPES[shape]
    even, _ = known("even")
    plain = np.concatenate([one.plain_by_step for one in even.examples])
    words = np.concatenate([one.lengths for one in even.examples])
    place = np.tile([0.0, 1, 2], len(even.examples))
    assert trend_found(bend(plain, place, words), even, of) > bias.MOST_TREND
    (other,) = set(bias.TRENDS) - {of}
    assert trend_found(bend(plain, place, words), even, other) < bias.MOST_TREND


@pytest.mark.parametrize("task", BIASED)
@pytest.mark.parametrize("key", METHODS)
def test_a_method_that_sees_nothing_of_a_bias_never_passes(monkeypatch, key, task):
    made, _ = known(task)
    truth = np.concatenate([one.by_step for one in made.examples])
    plain = np.concatenate([one.plain_by_step for one in made.examples])
    can = CAN[key, task].share if (key, task) in CAN else 1.0

    def passed(share):
        credit = plain + share * (truth - plain)
        monkeypatch.setattr(card, "_by_step", lambda *_: credit)
        return card._bias(key, made, {}).passed

    if can == 0:  # what is right here is what a method without eyes does: nothing is asked
        assert {passed(0.0), passed(1.0), passed(-1.0)} == {None}
    else:
        assert passed(can)
        assert passed(0.6 * can)
        assert not passed(0.0)
        assert not passed(-0.16)
        assert not passed(-can)


def test_reasons_are_given_where_a_method_cannot_show_everything():
    assert all(task in BIASED and 0 <= one.share < 1 and one.why for (_, task), one in CAN.items())
    assert set(BIASED) == set(bias.TRENDS)
    assert set(TASKS) == {"additive", "interaction", "even", *BIASED}


# --- models -------------------------------------------------------------------------------------


def test_the_models_learn_what_is_planted(made):
    assert all(one.fit > 0.9 for one in made.values())
    assert np.isnan(made["even"].learnt)
    assert all(0.5 < made[task].learnt < 1.5 for task in BIASED)


@pytest.mark.parametrize("key", METHODS)
def test_methods_show_what_is_there_and_nothing_else(made, key):
    found = checks_of(key, made)
    assert [check.key for check in found] == [
        *("trend_position", "trend_length", "planted_position", "planted_length"),
    ]
    assert all(check.passed is not False for check in found), found
    assert all(check.value >= 0 for check in found)


def test_the_card_says_what_a_method_cannot_show(made):
    by_key = {check.key: check for check in checks_of("integrated_gradients", made)}
    assert "the neutral text is as long as the text" in by_key["planted_length"].words
    assert "cannot" not in by_key["planted_position"].words
    by_key = {check.key: check for check in checks_of("step_shapley", made)}
    assert "steps move up" in by_key["planted_position"].words


SPOILT = {
    "later steps get more": ("trend_position", lambda c, place, words: c + 0.5 * place),
    "early words count more": ("trend_position", lambda c, place, words: c * (2 - place)),
    "longer steps get more": ("trend_length", lambda c, place, words: c + 0.5 * words),
    "the place is levelled out": ("planted_position", lambda c, place, words: c / (2.01 - place)),
    "length is taken off again": ("planted_length", lambda c, place, words: c + COST * words),
    "length is praised": ("planted_length", lambda c, place, words: c + 2 * COST * words),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_biased_attribution_is_caught(made, monkeypatch, how):
    key, spoil = SPOILT[how]
    right = card._credits

    def biased(method, planted, params):
        found = right(method, planted, params)
        truth = np.concatenate([example.by_step for example in planted.examples])
        # Credits in units of the utility, so that what is added has a known size.
        size = np.concatenate([one.per_step for one in found]).std() / truth.std()
        place = np.arange(STEPS)
        return [
            replace(one, per_step=spoil(one.per_step / size, place, example.lengths) * size)
            for one, example in zip(found, planted.examples, strict=True)
        ]

    clean = {check.key: check.passed for check in checks_of("closed_prefix", made)}
    monkeypatch.setattr(card, "_credits", biased)
    spoilt = {check.key: check.passed for check in checks_of("closed_prefix", made)}
    assert clean[key] is True
    assert spoilt[key] is False


def test_the_card_has_all_of_them_and_one_failure_fails_it(made, monkeypatch):
    models = list(made.values())
    paths = [(PROBLEM, one.steps) for one in made["even"].examples[:6]]
    model = made["even"].model
    got = card.card(model, "closed_prefix", paths, made=models)
    assert [check.key for check in got.checks][-4:] == [
        *("trend_position", "trend_length", "planted_position", "planted_length"),
    ]
    monkeypatch.setattr(bias, "MOST_TREND", 0.0)
    worse = card.card(model, "closed_prefix", paths, made=models)
    assert {"trend_position", "trend_length"} <= set(worse.failed)


def test_credit_that_follows_nothing_does_not_pass(made, monkeypatch):
    right = card._credits

    def flat(method, planted, params):
        return [replace(one, per_step=one.per_step * 0) for one in right(method, planted, params)]

    monkeypatch.setattr(card, "_credits", flat)
    assert not any(check.passed for check in checks_of("closed_prefix", made))
