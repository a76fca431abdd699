"""Methods that read scores of steps, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.base import NO_SIGNAL
from scoring.credit.methods.pure import ALONE, FLAT, OUTSIDE, PROBABILITIES
from scoring.credit.methods.tp_grpo import CORRECTNESS, MATCHES, UNUSED
from scoring.errors import MissingInputError
from tests.scoring.credit.trees import UNSET, by_node, of_trace, scores, step, tree

ONE = tree(*scores("a", UNSET, 0.8, -0.5, 0.2))
TWO = tree(*scores("a", 1, 0.5, 0.1), *scores("b", 0, -0.2))


# --- PURE ---------------------------------------------------------------------------------------


def test_pure_soft_minimum_by_hand():
    # temperature 1: weights exp(−0.8), exp(0.5), exp(−0.2) over their sum
    size = [math.exp(-0.8), math.exp(0.5), math.exp(-0.2)]
    part = [p * w / sum(size) for p, w in zip([0.8, -0.5, 0.2], size, strict=True)]
    want = [sum(part), part[1] + part[2], part[2]]
    assert of_trace("pure", ONE, "a2", temperature=1.0) == pytest.approx(want)
    # the default 0.1: weights exp(−8), exp(5), exp(−2)
    size = [math.exp(-8), math.exp(5), math.exp(-2)]
    part = [p * w / sum(size) for p, w in zip([0.8, -0.5, 0.2], size, strict=True)]
    assert of_trace("pure", ONE, "a2") == pytest.approx([sum(part), part[1] + part[2], part[2]])


def test_pure_soft_and_strict_minimum_part_after_the_worst_step():
    # cold, all weight is on −0.5: that is the value up to it, and nothing is left after it
    cold = of_trace("pure", ONE, "a2", temperature=1e-6)
    assert cold == pytest.approx([-0.5, -0.5, 0.0])
    assert of_trace("pure", ONE, "a2", form="min") == pytest.approx([-0.5, -0.5, 0.2])


def test_pure_sum_and_uniform_by_hand():
    assert of_trace("pure", ONE, "a2", form="sum") == pytest.approx([0.5, -0.3, 0.2])
    third = [0.5 / 3, -0.3 / 3, 0.2 / 3]
    assert of_trace("pure", ONE, "a2", form="uniform") == pytest.approx(third)


@pytest.mark.parametrize("form", ["approx_min", "min", "sum", "uniform"])
def test_pure_of_one_step_is_its_score_in_every_form(form):
    assert of_trace("pure", tree(*scores("a", UNSET, -0.3)), "a0", form=form) == [-0.3]


def test_pure_baseline_by_hand():
    # rewards per step: trace a (0.5 + 0.1) / 2 = 0.3, trace b −0.2; each is the other's baseline
    assert of_trace("pure", TWO, "a1", form="sum", baseline="step") == pytest.approx([1.0, 0.3])
    assert of_trace("pure", TWO, "b0", form="sum", baseline="step") == pytest.approx([-0.5])
    # a minimum less the baseline: 0.1 + 0.2
    assert of_trace("pure", TWO, "a1", form="min", baseline="step") == pytest.approx([0.3, 0.3])


def test_pure_outcomes_by_hand():
    # 1 against 0: +1 and −1, times the weight, from the trace's end on
    got = of_trace("pure", TWO, "a1", form="sum", outcome_weight=2)
    assert got == pytest.approx([0.6 + 2, 0.1 + 2])
    assert of_trace("pure", TWO, "b0", form="sum", outcome_weight=2) == pytest.approx([-2.2])
    equal = tree(*scores("a", 1, 0.5), *scores("b", 1, -0.2))
    assert by_node("pure", equal, outcome_weight=1) == {"a0": 0.5, "b0": -0.2}
    assert FLAT in assign("pure", equal, outcome_weight=1).notes
    assert FLAT not in assign("pure", equal).notes


def test_pure_leaves_a_trace_without_outcome_out_only_where_outcomes_count():
    some = tree(*scores("a", 1, 0.5), *scores("b", 0, -0.2), *scores("c", None, 0.9))
    assert by_node("pure", some)["c0"] == 0.9
    got = by_node("pure", some, outcome_weight=1, baseline="step", form="sum")
    assert got == pytest.approx({"a0": 0.7 + 1, "b0": -0.7 - 1, "c0": math.nan}, nan_ok=True)
    with pytest.raises(MissingInputError, match="import traces with outcomes"):
        assign("pure", ONE, outcome_weight=1)


@pytest.mark.parametrize("params", [{"baseline": "step"}, {"outcome_weight": 1}])
def test_pure_has_no_baseline_for_one_trace(params):
    result = assign("pure", tree(*scores("a", 1, 0.5, -0.1)), **params)
    assert np.isnan(result.per_node).all()
    assert ALONE in result.notes


def test_pure_gives_no_weight_to_a_step_without_score():
    holes = tree(*scores("a", UNSET, 0.8, None, -0.5, 0.2))
    got = of_trace("pure", holes, "a3")
    assert math.isnan(got[1])
    assert [got[0], *got[2:]] == pytest.approx(of_trace("pure", ONE, "a2"))
    assert "1 of 4 steps have no score" in assign("pure", holes).notes
    for form in ("min", "sum", "uniform"):
        got = of_trace("pure", holes, "a3", form=form)
        assert [got[0], *got[2:]] == pytest.approx(of_trace("pure", ONE, "a2", form=form))


def test_pure_says_that_scores_look_like_probabilities_and_changes_none():
    likely = tree(*scores("a", UNSET, 0.9, 0.2))
    assert PROBABILITIES in assign("pure", likely).notes
    assert PROBABILITIES not in assign("pure", ONE).notes
    assert OUTSIDE in assign("pure", tree(*scores("a", UNSET, 3.0, -1.0))).notes
    assert of_trace("pure", likely, "a1", form="min") == [0.2, 0.2]


def test_large_scores_of_one_trace_cost_another_no_digits():
    found = tree(*scores("a", UNSET, 0.1, 0.2), *scores("b", UNSET, 1e17, 1e17))
    for form, want in (("sum", 0.1 + 0.2), ("uniform", 0.05 + 0.1), ("min", 0.1)):
        assert of_trace("pure", found, "a1", form=form)[0] == pytest.approx(want, rel=1e-12)


def test_a_shared_step_is_the_mean_over_its_traces():
    fork = tree(step("p", score=0.5), step("x", "p", score=-0.1), step("y", "p", score=0.9))
    assert by_node("pure", fork, form="min")["p"] == pytest.approx((-0.1 + 0.5) / 2)


# --- TP-GRPO ------------------------------------------------------------------------------------

# outcomes 1, 1, 0, 0: mean 0.5, sample deviation sqrt(1/3), so ô = ±0.5 / (sqrt(1/3) + eps)
LABELS = {"g": (1, 1), "b": (1, -1), "m": (0, 1), "n": (0, -1)}
THOUGHTS = tree(*(step(name, outcome=o, label=label) for name, (o, label) in LABELS.items()))
SIZE = 0.5 / (math.sqrt(1 / 3) + 1e-6)


def test_tp_grpo_by_its_two_propositions():
    # half are solved: r_c = 1 · 0.5; on failed traces the labels say what matches the wrong answer
    want = {"g": SIZE, "b": SIZE - 0.5, "m": -SIZE, "n": 0.0}
    assert by_node("tp_grpo", THOUGHTS, failed="matches") == pytest.approx(want)
    got = by_node("tp_grpo", THOUGHTS, failed="matches", alpha=0.2)
    assert got["b"] == pytest.approx(SIZE - 0.1)
    assert MATCHES in assign("tp_grpo", THOUGHTS, failed="matches").notes


def test_tp_grpo_reads_labels_as_ratings_of_correctness_unless_told():
    # m, right on a failed trace, is not to blame; n, wrong there, is
    got = by_node("tp_grpo", THOUGHTS)
    assert got == pytest.approx({"g": SIZE, "b": SIZE - 0.5, "m": 0.0, "n": -SIZE})
    notes = assign("tp_grpo", THOUGHTS).notes
    assert CORRECTNESS in notes
    assert MATCHES not in notes
    solved = tree(step("a", outcome=1, label=1), step("b", outcome=1, label=-1))
    assert not {CORRECTNESS, MATCHES} & set(assign("tp_grpo", solved).notes)


def test_tp_grpo_takes_the_sign_of_scores_as_correctness_whatever_is_said_of_labels():
    # a score says what is right, on failed traces too: a good step there is not to blame
    scored = tree(*(step(k, outcome=o, score=s / 3) for k, (o, s) in LABELS.items()))
    for failed in ("matches", "correctness"):
        got = by_node("tp_grpo", scored, labels="score", failed=failed)
        assert got == pytest.approx(by_node("tp_grpo", THOUGHTS))


def test_tp_grpo_says_that_failed_is_not_used_with_scores():
    scored = tree(*(step(k, outcome=o, score=s / 3) for k, (o, s) in LABELS.items()))
    assert UNUSED in assign("tp_grpo", scored, labels="score", failed="matches").notes
    assert UNUSED not in assign("tp_grpo", scored, labels="score").notes
    assert UNUSED not in assign("tp_grpo", THOUGHTS, failed="matches").notes


def test_tp_grpo_of_equal_outcomes_leaves_what_labels_say_and_does_not_call_it_no_signal():
    solved = tree(step("a", outcome=1, label=1), step("b", outcome=1, label=-1))
    # all are solved: ô = 0, r_c = 1 · 1
    assert by_node("tp_grpo", solved) == {"a": 0.0, "b": -1.0}
    left = "all outcomes are equal: what is left is from the labels"
    assert left in assign("tp_grpo", solved).notes
    assert NO_SIGNAL not in assign("tp_grpo", solved).notes
    scored = tree(step("a", outcome=1, score=0.9), step("b", outcome=1, score=-0.4))
    left = "all outcomes are equal: what is left is from the signs of the scores"
    assert left in assign("tp_grpo", scored, labels="score").notes
    one = tree(step("b", outcome=1, label=-1))
    assert by_node("tp_grpo", one, single="zero") == {"b": -1.0}
    notes = assign("tp_grpo", one, single="zero").notes
    assert (
        "a group of one has nothing to be compared with: what is left is from the labels" in notes
    )
    failed = tree(step("a", outcome=0, label=1), step("b", outcome=0, label=-1))
    assert by_node("tp_grpo", failed) == {"a": 0.0, "b": 0.0}
    assert NO_SIGNAL in assign("tp_grpo", failed).notes
    unknown = step("b", outcome=None, label=-1)  # blames nobody: no outcome is known there
    unblamed = tree(step("a", outcome=1, label=1), unknown, step("c", outcome=1, label=1))
    assert NO_SIGNAL in assign("tp_grpo", unblamed).notes


def test_tp_grpo_counts_traces_that_end_against_their_outcome():
    cells = {"a": (1, -1), "b": (1, 1), "c": (0, 1), "d": (0, 1), "e": (0, -1), "f": (0, 0)}
    found = tree(
        step("p", label=-1),  # what is wrong before the end speaks against nothing
        *(step(name, "p", outcome=o, label=label) for name, (o, label) in cells.items()),
    )

    def counted(**params):
        notes = assign("tp_grpo", found, **params).notes
        return [note.partition(" end in a step")[0] for note in notes if "end in a step" in note]

    assert counted() == ["3 of 6 traces"]  # a, c and d
    assert counted(failed="matches") == ["2 of 6 traces"]  # a and e
    right = tree(step("a", outcome=1, label=1), step("b", outcome=0, label=-1))
    assert not any("end in a step" in note for note in assign("tp_grpo", right).notes)


def test_tp_grpo_takes_false_as_no_and_zero_as_no_label():
    some = tree(
        step("a", outcome=1, label=True),
        step("b", outcome=1, label=False),
        step("c", outcome=0, label=0),
        step("d", outcome=0, label=None),
    )
    got = by_node("tp_grpo", some)
    assert got["a"] - got["b"] == pytest.approx(0.5)
    assert math.isnan(got["c"])
    assert math.isnan(got["d"])
    assert "2 of 4 steps have no label" in assign("tp_grpo", some).notes


def test_tp_grpo_has_no_value_for_a_failed_trace_above_the_mean():
    low = tree(step("a", outcome=0.4, label=1), step("b", outcome=0.0, label=1))
    assert math.isnan(by_node("tp_grpo", low)["a"])
    assert any("above the mean" in note for note in assign("tp_grpo", low).notes)


# --- ReNorm, PAR, WCO, UWO ----------------------------------------------------------------------


def test_renorm_keeps_the_score_of_a_solved_trace_and_takes_one_from_a_failed():
    found = tree(*scores("a", 1, 0.7, 0.2), *scores("b", 0, 0.7, None), *scores("c", None, 0.5))
    want = {"a0": 0.7, "a1": 0.2, "b0": -0.3, "b1": math.nan, "c0": math.nan}
    assert by_node("renorm", found) == pytest.approx(want, nan_ok=True)
    notes = assign("renorm", found).notes
    assert "1 of 3 traces have no known outcome" in notes
    assert "1 of 5 steps have no score" in notes
    ten = tree(*scores("a", 1, 7), *scores("b", 0, 7))
    assert by_node("renorm", ten, maximum=10) == pytest.approx({"a0": 0.7, "b0": -0.3})
    assert any("outside 0 to 1" in note for note in assign("renorm", ten).notes)


def test_par_is_the_mean_of_sigmoids_not_the_sigmoid_of_the_mean():
    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    found = tree(*scores("a", UNSET, 2.0, None), ref_scores=[0.0, 3.0])
    got = by_node("par", found)
    assert got["a0"] == pytest.approx((sigmoid(2.0) + sigmoid(-1.0)) / 2)
    assert got["a0"] != pytest.approx(sigmoid(2.0 - 1.5), abs=1e-3)
    assert math.isnan(got["a1"])
    assert by_node("par", found, k=2)["a0"] == pytest.approx((sigmoid(4) + sigmoid(-2)) / 2)
    one = tree(*scores("a", UNSET, 1e6, -1e6), ref_scores=0.5)
    assert list(by_node("par", one).values()) == pytest.approx([1.0, 0.0])
    none = tree(*scores("a", UNSET, 1.0), ref_scores=None)
    assert assign("par", none).notes == ("the problem has no reference scores",)


def test_wco_and_uwo_by_hand():
    # 1, 2, 6: least 1, mean 3, variance (4 + 1 + 9) / 3 = 14/3, or 14/2 = 7 of a sample
    found = tree(step("a", scores=[1, 2, 6]), step("b", scores=[4]), step("c", scores=None))
    assert by_node("wco", found) == pytest.approx({"a": 1, "b": 4, "c": math.nan}, nan_ok=True)
    best_of_n = by_node("uwo", found)
    assert best_of_n == pytest.approx({"a": 3 - 7 / 3, "b": 4, "c": math.nan}, nan_ok=True)
    ppo = by_node("uwo", found, lam=0.1, ddof=1)
    assert ppo == pytest.approx({"a": 3 - 0.7, "b": math.nan, "c": math.nan}, nan_ok=True)
    assert "1 of 3 steps have no score" in assign("uwo", found).notes
    assert any("one model's score" in note for note in assign("uwo", found, ddof=1).notes)
    holes = tree(step("a", scores=[1, None, 6]), step("b", scores=[1, math.inf, 3]))
    assert by_node("wco", holes) == {"a": 1, "b": 1}
    assert by_node("uwo", holes, lam=0)["a"] == 3.5
    assert "steps that some of the 3 models did not score: 2" in assign("wco", holes).notes
    assert "steps that some of the 3 models did not score: 1" in assign("wco", found).notes
    assert not any("one model's score" in note for note in assign("uwo", holes, ddof=1).notes)


# --- GroundedPRM --------------------------------------------------------------------------------


def checked(outcome, *checks):
    return [
        step(f"s{i}", f"s{i - 1}" if i else "r", checks=v)
        | ({"outcome": outcome} if i == len(checks) - 1 else {})
        for i, v in enumerate(checks)
    ]


def test_grounded_prm_by_hand():
    # from s0: s1 s2 s3 lie between, N = 3: (1·3 − 1·2 + 1·1) / 9 + 1/3 = 5/9
    # from s1: s2 s3, N = 2: (−1·2 + 1·1) / 4 + 1/2 = 1/4; from s2: s3, N = 1: 1 + 1 = 2; then F = 1
    found = tree(*checked(1, 1, 1, -1, 1, 1))
    assert of_trace("grounded_prm", found, "s4") == pytest.approx([5 / 9, 1 / 4, 2, 1, 1])
    # failed: (1·3 − 1·2 + 1·1) / 9 − 1/3 = −1/9; −1/4 − 1/2; 1 − 1; −1; −1
    failed = tree(*checked(0, 1, 1, -1, 1, 1))
    assert of_trace("grounded_prm", failed, "s4") == pytest.approx([-1 / 9, -3 / 4, 0, -1, -1])


def test_grounded_prm_backed_up_by_hand():
    found = tree(*checked(1, 1, 1, -1, 1, 1))
    # from the end: 1, then 1 + 0.9, then 2 + 0.9 · 1.9 …
    third = 2 + 0.9 * 1.9
    second = 1 / 4 + 0.9 * third
    want = [5 / 9 + 0.9 * second, second, third, 1.9, 1]
    assert of_trace("grounded_prm", found, "s4", backup="sum") == pytest.approx(want)


def test_grounded_prm_leaves_out_a_step_that_was_not_checked_and_counts_an_undecided_one():
    # from s0 without s2: s1 s3, N = 2: (1·2 + 1·1) / 4 + 1/2; with 0 there: (3 + 0 + 1) / 9 + 1/3
    unchecked = tree(*checked(1, 1, 1, None, 1, 1))
    assert of_trace("grounded_prm", unchecked, "s4")[0] == pytest.approx(5 / 4)
    assert "1 of 5 steps have no check" in assign("grounded_prm", unchecked).notes
    undecided = tree(*checked(1, 1, 1, 0, 1, 1))
    assert of_trace("grounded_prm", undecided, "s4")[0] == pytest.approx(4 / 9 + 1 / 3)
    assert np.isnan(of_trace("grounded_prm", tree(*checked(None, 1, 1)), "s1")).all()


# --- the stored score ---------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [None, math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_missing_and_counted(lost):
    found = tree(*scores("a", UNSET, 0.5, lost))
    assert by_node("prm_score", found) == pytest.approx({"a0": 0.5, "a1": math.nan}, nan_ok=True)
    for key in ("prm_score", "pure"):
        assert "1 of 2 steps have no score" in assign(key, found).notes
