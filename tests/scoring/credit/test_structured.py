"""Methods that read tests, tool calls and paths of a knowledge graph, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.methods.kg_path import NO_PATH
from scoring.credit.methods.verpo import FLAT
from tests.scoring.credit.trees import by_node, chain, of_trace, step, tree

# --- VeRPO --------------------------------------------------------------------------------------


def test_verpo_by_hand():
    # pass rates 1 and 1/2; sigma 1/2: exp(−(1/2)² / (2 · 1/4)) = exp(−1/2), so alike = 1 + exp(−1/2)
    found = tree(step("a", tests=[True, True]), step("b", tests=[1, 0]))
    alike = 1 + math.exp(-0.5) + 0.25
    easy, hard = math.exp(-1 * 2) / alike, math.exp(-0.5 * 2) / alike
    got = by_node("verpo", found, alpha=2, sigma=0.5, delta=0.25, beta=3, gamma=0.8)
    # R_traj 0.8 and 0; R_turn easy + hard and easy, their mean easy + hard / 2
    assert got == pytest.approx({"a": 0.4 + 3 * hard / 2, "b": -0.4 - 3 * hard / 2})
    assert easy < hard


def test_verpo_counts_turns_and_gives_a_step_the_turn_it_leads_to():
    found = tree(
        step("a"),  # no tests: part of the first turn
        step("a1", "a", tests=[1, 0]),
        step("a2", "a1", tests=[1, 1]),
        step("b", tests=[0, 0]),
    )
    # three turns, pass rates 2/3 and 1/3; alpha 0 and one test alike each: weights 1 / (1 + e)
    other = math.exp(-((1 / 3) ** 2) / 2)
    weight = 1 / (1 + other)
    got = of_trace("verpo", found, "a2", alpha=0, sigma=1, delta=0, beta=1, gamma=0.5)
    # R_traj 0.5² and 0: ±1/8; R_turn 1, 2 and 0 weights, mean 1
    assert got == pytest.approx([0.125 + 0, 0.125 + 0, 0.125 + weight])
    assert by_node("verpo", found, alpha=0, sigma=1, delta=0, gamma=0.5)["b"] == pytest.approx(
        -0.125 - weight
    )


def test_verpo_weighs_tests_alike_the_same_and_says_when_nothing_differs():
    found = tree(step("a", tests=[1, 0]), step("b", tests=[0, 1]))
    assert list(by_node("verpo", found).values()) == pytest.approx([0, 0], abs=1e-12)
    equal = tree(step("a", tests=[1, 0]), step("b", tests=[1, 0]))
    assert by_node("verpo", equal) == {"a": 0, "b": 0}
    assert FLAT in assign("verpo", equal).notes
    never = tree(step("a", tests=[0, 1]), step("b", tests=[0, 0]))  # nobody passes the first
    one = tree(step("a", tests=[1]), step("b", tests=[0]))
    assert by_node("verpo", never, sigma=1e-3)["a"] == pytest.approx(
        by_node("verpo", one, sigma=1e-3)["a"] - 0.45
    )  # but the full pass is missed: half of gamma 0.9


def test_verpo_leaves_out_traces_without_tests_or_with_an_unknown_pass():
    found = tree(step("a", tests=[1, 1]), step("b", tests=[1, 0]))
    more = tree(
        step("a", tests=[1, 1]),
        step("b", tests=[1, 0]),
        step("c", tests=None),
        step("d", tests=[]),
        step("e", tests=[1, None]),
    )
    got = by_node("verpo", more)
    assert {k: got[k] for k in "ab"} == pytest.approx(by_node("verpo", found))
    assert np.isnan([got[k] for k in "cde"]).all()
    assert "3 of 5 traces have no known tests at their end" in assign("verpo", more).notes
    failed = tree(step("a", tests=[1, 1]), step("b", tests=[None, 0]))  # failed whatever the first
    assert np.isfinite(by_node("verpo", failed)["b"])


# --- MatchTIR -----------------------------------------------------------------------------------


def call(name="f", **parameters):
    return {"name": name, "parameters": parameters}


def test_matchtir_greedy_and_optimal_matching_differ():
    # gold g1 = f(x=1), g2 = f(x=1, y=2); calls p1 = f(x=1, y=9), p2 = f(x=9)
    #   p1~g1: (1 + 1/2 + 1) / 3 = 5/6   p1~g2: (1 + 1 + 1) / 4 = 3/4
    #   p2~g1: (1 + 1 + 0) / 3 = 2/3     p2~g2: (1 + 1/2 + 0) / 4 = 3/8
    # greedy takes p1~g1, then p2~g2: mean 29/48; optimal the other two: mean 17/24
    found = tree(
        step("a", calls=[call(x=1, y=9), call(x=9)]),
        step("a1", "a", 1),
        step("b"),
        step("b1", "b", 0),
        gold_calls=[call(x=1), call(x=1, y=2)],
    )
    for matching, reward in (("greedy", 29 / 48), ("optimal", 17 / 24)):
        got = of_trace("matchtir", found, "a1", matching=matching, eps=0.0, gamma=0.5)
        # traces' totals reward + 1 and 0: ±sqrt(1/2); first turns' returns reward + 0.5 and 0, the
        # same; the second turn is the only one of its number: kept as it is, 1
        assert got == pytest.approx([math.sqrt(0.5), (math.sqrt(0.5) + 1) / 2])
        third = tree(
            step("a", calls=[call(x=1, y=9), call(x=9)]),
            step("a1", "a", 1),
            step("b", outcome=0),
            step("c", outcome=1),
            gold_calls=[call(x=1), call(x=1, y=2)],
        )
        totals, returns = [reward + 1, 0, 1], [reward + 0.5, 0, 1]
        want = [
            0.5 * ((t - np.mean(totals)) / np.std(totals, ddof=1))
            + 0.5 * ((g - np.mean(returns)) / np.std(returns, ddof=1))
            for t, g in zip(totals, returns, strict=True)
        ]
        got = by_node("matchtir", third, matching=matching, eps=0.0, gamma=0.5)
        assert [got["a"], got["b"], got["c"]] == pytest.approx(want)


@pytest.mark.parametrize(
    ("made", "gold", "alike"),
    [
        (call("g", x=1), call("f", x=1), 0.0),
        (call("f"), call("f"), 1.0),
        (call("f", x=1), call("f", x=1), 1.0),
        (call("f", x=2), call("f", x=1), 2 / 3),
        (call("f", x=1, y=1), call("f", x=1), (1 + 1 / 2 + 1) / 3),
        ({"name": "f"}, call("f", x=1), 1 / 3),
    ],
)
def test_matchtir_similarity_by_hand(made, gold, alike):
    # one trace of one turn is kept as it is: the mean of total and return, similarity + outcome
    found = tree(step("a", calls=[made], outcome=3), gold_calls=[gold])
    assert by_node("matchtir", found, eps=0.0)["a"] == pytest.approx(3 + alike)


def test_matchtir_matches_a_reference_call_once_over_all_turns():
    found = tree(
        step("a", calls=[call(x=1)]),
        step("b", "a", calls=[call(x=1)]),
        step("c", "b", 0),
        gold_calls=[call(x=1)],
    )
    # the second of two equal calls has no match: returns 1 + 0 + 0, 0 and 0; total 1
    got = of_trace("matchtir", found, "c", eps=0.0)
    assert got == pytest.approx([(1 + 1) / 2, (1 + 0) / 2, (1 + 0) / 2])
    assert of_trace("matchtir", found, "c", single="zero") == [0, 0, 0]


def test_matchtir_takes_rounding_for_no_difference():
    # the same three rewards in another order: their sums differ in the last digit
    one, two, three = call("f"), call("g", x=9), call("h", x=9, y=9)  # 1/3, 2/3 and 1/2
    gold = [call("f", x=1), call("g", x=1), call("h", x=1, y=2)]
    paths = [
        chain(name, 0, *({"calls": [one_call]} for one_call in calls), {})
        for name, calls in (("a", (one, two, three)), ("b", (three, two, one)))
    ]
    found = tree(*paths[0], *paths[1], gold_calls=gold)
    assert (1 / 3 + 2 / 3) + 1 / 2 != (1 / 2 + 2 / 3) + 1 / 3
    got = by_node("matchtir", found, gamma=1.0, eps=0.0)
    assert (got["a0"], got["b0"]) == (0, 0)
    assert got["a1"] > 0 > got["b1"]


def test_matchtir_leaves_out_what_is_unknown():
    found = tree(
        step("a", calls=[call(x=1)], outcome=1),
        step("b", calls=[], outcome=0),
        step("c", calls=[call(x=1)], outcome=None),
        gold_calls=[call(x=1)],
    )
    got = by_node("matchtir", found, eps=0.0)
    assert got == pytest.approx(
        {"a": math.sqrt(0.5), "b": -math.sqrt(0.5), "c": math.nan}, nan_ok=True
    )
    assert "1 of 3 traces have no known outcome" in assign("matchtir", found).notes
    without = tree(step("a", calls=[call()], outcome=1), gold_calls=None)
    assert np.isnan(assign("matchtir", without).per_node).all()
    assert "no calls of a reference" in assign("matchtir", without).notes[0]
    same = tree(step("a", calls=None, outcome=1), step("b", outcome=1), gold_calls=[])
    assert by_node("matchtir", same) == {"a": 0, "b": 0}
    assert any("no signal" in note for note in assign("matchtir", same).notes)


# --- knowledge graph ----------------------------------------------------------------------------

DRUGS = tree(
    step("a", text="Aspirin is a drug."),
    step("b", "a", 1, text="aspirin inhibits the enzyme"),
    step("c", "a", 0, text="It is sold."),
    kg_path=[["Aspirin", "inhibits", "COX"]],
)


def test_kg_path_counts_words_of_the_path_where_they_are_first_mentioned():
    assert by_node("kg_path", DRUGS) == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 0.0})
    assert assign("kg_path", DRUGS).per_trace is None


def test_kg_path_reward_by_hand():
    # down to b: aspirin and inhibits of 3; of 5 words that count, aspirin is 2: 1 − 3 · 0.05
    # down to c: aspirin alone: 1.2 / 3; no word of 3 occurs twice, but each is 1/3
    got = by_node("kg_path", DRUGS, form="path")
    b = (1.2 * 2 / 3 + 0.3) * 0.85
    assert got == pytest.approx({"a": (b + 0.4) / 2, "b": b, "c": 0.4})
    got = by_node("kg_path", DRUGS, form="total")
    assert got == pytest.approx({"a": (b + 0.1 - 0.6) / 2, "b": b + 0.1, "c": -0.6})
    full = tree(
        step("a", outcome=1, text="COX: aspirin inhibits"), kg_path="aspirin inhibits the cox"
    )
    assert by_node("kg_path", full, form="path")["a"] == pytest.approx(1.2 + 0.3)


def test_kg_path_reward_is_lower_for_text_that_repeats_itself():
    # "no" in 5 of 10 places: 1 − 3 · 0.15 = 0.55; 5 in a row: 1 − 0.05 · 2 = 0.9
    found = tree(step("a", outcome=1, text="no no no no no x c d e f"), kg_path="x y")
    assert by_node("kg_path", found, form="path")["a"] == pytest.approx(1.2 / 2 * 0.55 * 0.9)
    # the same over two steps
    apart = tree(
        step("a", text="no no no"), step("b", "a", 1, text="no no x c d e f"), kg_path="x y"
    )
    assert by_node("kg_path", apart, form="path")["b"] == pytest.approx(0.6 * 0.55 * 0.9)


def test_kg_path_stop_words_count_nowhere():
    # x y z once each, whatever stands between; two equal words are no run over a stop word either
    plain = tree(step("a", outcome=1, text="x y z"), kg_path="x y")
    spread = tree(step("a", outcome=1, text="The x and the y and the z of the"), kg_path="x y")
    assert by_node("kg_path", spread, form="path") == by_node("kg_path", plain, form="path")
    runs = tree(step("a", outcome=1, text="no and no and no and no and x y z b c d"), kg_path="x y")
    # no: 4 of 10 places, 4 in a row
    assert by_node("kg_path", runs, form="path")["a"] == pytest.approx(1.5 * 0.85 * 0.95)


def test_kg_path_counts_of_one_branch_do_not_reach_another():
    found = tree(
        step("a", text="one two three four"),
        step("b", "a", text="one one one one one one x"),
        step("c", "a", text="five x"),
        kg_path="x",
    )
    assert by_node("kg_path", found, form="path")["c"] == pytest.approx(1.2)


@pytest.mark.parametrize("path", [None, "", [], "of the"])
def test_kg_path_is_zero_without_a_path(path):
    found = tree(step("a", outcome=1, text="of the"), kg_path=path)
    assert by_node("kg_path", found) == {"a": 0}
    assert by_node("kg_path", found, form="path") == {"a": 0}
    assert NO_PATH in assign("kg_path", found).notes
