"""Methods that need outcomes and the tree's shape alone, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.base import NO_SIGNAL
from scoring.credit.intervals import beta, beta_share, wilson
from scoring.credit.methods.monte_carlo import SOFT
from scoring.credit.recurrences import child_values
from scoring.errors import MissingInputError
from scoring.tree import Tree
from tests.scoring.credit.data import FORK, records, values

# FORK: r has b ─ b1 (1) and a with a1 (1) and a2 (0). Leaf values: r 2/3, b 1, a 1/2.


def steps(found):
    return {name: number for name, number in found.items() if name != "r"}


# Below s: x with three traces, one solved, and y with two, none solved.
LOPSIDED = records(
    ("r", None, "-", None),
    ("s", "r", "-", None),
    ("x", "s", "-", None),
    ("x1", "x", 1, None),
    ("x2", "x", 0, None),
    ("x3", "x", 0, None),
    ("y", "s", "-", None),
    ("y1", "y", 0, None),
    ("y2", "y", 0, None),
)


def test_one_step_reads_a_fifth_by_its_traces_and_a_sixth_by_its_children():
    # leaves: 1 of 5. Children: x 1/3 and y 0.
    assert values("leaf_value", LOPSIDED)["s"] == pytest.approx(0.2)
    assert values("child_value", LOPSIDED)["s"] == pytest.approx(1 / 6)
    # the problem itself, which no method shows
    assert child_values(Tree.from_records(LOPSIDED))[0] == pytest.approx(1 / 6)


def test_a_trace_that_ends_inside_is_one_child_more_and_unknown_ones_are_none():
    rows = records(
        ("r", None, "-", None),
        ("s", "r", [1, 0], None),  # two traces stop here: together one child of value 1/2
        ("t", "s", 0, None),
        ("u", "s", None, None),
    )
    got = values("child_value", rows)
    assert got["s"] == pytest.approx(1 / 4)  # of 1/2 and 0
    assert math.isnan(got["u"])
    assert values("leaf_value", rows)["s"] == pytest.approx(1 / 3)


def test_tree_ps_by_hand():
    assert steps(values("tree_ps", FORK)) == pytest.approx(
        {"b": 1 / 3, "b1": 0, "a": -1 / 6, "a1": 1 / 2, "a2": -1 / 2}
    )
    assert steps(values("tree_ps", FORK, baseline="global")) == pytest.approx(
        {"b": 1 / 3, "b1": 1 / 3, "a": -1 / 6, "a1": 1 / 3, "a2": -2 / 3}
    )
    # (local + global) / sqrt(traces): a has two traces, the others one
    assert steps(values("tree_ps", FORK, baseline="treerl")) == pytest.approx(
        {"b": 2 / 3, "b1": 1 / 3, "a": -1 / 3 / math.sqrt(2), "a1": 5 / 6, "a2": -7 / 6}
    )


def test_spo_on_a_tree_by_hand():
    # child values: r (1 + 1/2) / 2 = 3/4, so a −1/4 and b +1/4; leaf value of r would be 2/3
    assert steps(values("spo_tree", FORK)) == pytest.approx(
        {"b": 1 / 4, "b1": 0, "a": -1 / 4, "a1": 1 / 2, "a2": -1 / 2}
    )
    # population deviations of the siblings: 1/4 at r, 1/2 at a; an only child stays 0
    one = 0.25 / (0.25 + 1e-8)
    other = 0.5 / (0.5 + 1e-8)
    assert steps(values("spo_tree", FORK, mode="grpo")) == pytest.approx(
        {"b": one, "b1": 0, "a": -one, "a1": other, "a2": -other}, abs=1e-12
    )


def test_sibling_grpo_by_hand_and_unweighted():
    # siblings 1 and 1/2: mean 3/4 though a has two traces; population deviation 1/4
    one, other = 0.25 / (0.25 + 1e-4), 0.5 / (0.5 + 1e-4)
    assert steps(values("sibling_grpo", FORK)) == pytest.approx(
        {"b": one, "b1": 0, "a": -one, "a1": other, "a2": -other}
    )
    assert values("sibling_grpo", FORK, eps=0.25)["b"] == pytest.approx(0.5)
    result = assign("sibling_grpo", Tree.from_records(FORK))
    assert "1 of 5 steps have no sibling: 0 there means no signal" in result.notes


STRATA = [
    row | ({"searches": {"x": 1, "y": 2, "p1": 1, "p2": 2, "p3": None}.get(row["id"])})
    for row in records(
        ("r", None, "-", None),
        ("x", "r", 1, None),
        ("y", "r", 0, None),
        ("p", "r", "-", None),
        ("p1", "p", 1, None),
        ("p2", "p", 1, None),
        ("p3", "p", 0, None),
    )
]


def test_stratified_grpo_by_hand():
    # one step: 1, 0: mean 1/2, sample deviation 0.7071. Two steps: 1, 1, 0: 2/3 and 0.5774.
    one, two = math.sqrt(1 / 2) + 1e-8, math.sqrt(1 / 3) + 1e-8
    got = values("stratified_grpo", STRATA)
    assert (got["x"], got["y"]) == pytest.approx((0.5 / one, -0.5 / one))
    assert (got["p1"], got["p3"]) == pytest.approx((1 / 3 / two, -2 / 3 / two))
    # all five: mean 3/5, sample deviation sqrt((3 · 0.16 + 2 · 0.36) / 4) = sqrt(0.3)
    half = values("stratified_grpo", STRATA, alpha=0.5)["x"]
    assert half == pytest.approx(0.5 * 0.5 / one + 0.5 * 0.4 / (math.sqrt(0.3) + 1e-8))
    # population deviation 1/2 of the two traces of one step
    assert values("stratified_grpo", STRATA, ddof=0)["x"] == pytest.approx(0.5 / (0.5 + 1e-8))


def test_a_stratum_may_be_any_column_at_the_traces_ends():
    # searches 1: x (1), p1 (1), equal. searches 2: y (0), p2 (1): ∓1/2 over 0.7071. p3: none.
    got = values("stratified_grpo", STRATA, stratum="searches")
    assert (got["x"], got["p1"]) == (0, 0)
    assert got["p2"] == pytest.approx(math.sqrt(1 / 2))
    assert math.isnan(got["p3"])
    notes = assign("stratified_grpo", Tree.from_records(STRATA), stratum="searches").notes
    assert "1 of 5 traces have no stratum" in notes
    assert "strata of equal outcomes, without signal: 1" in notes
    with pytest.raises(MissingInputError, match="tool_calls"):
        assign("stratified_grpo", Tree.from_records(STRATA), stratum="tool_calls")
    nowhere = Tree.from_records([row | {"visits": None} for row in STRATA])
    assert (
        "5 of 5 traces have no stratum"
        in assign("stratified_grpo", nowhere, stratum="visits").notes
    )


@pytest.mark.parametrize("ddof", [0, 1])
def test_a_stratum_of_one_is_no_signal_and_never_undefined(ddof):
    rows = records(
        ("r", None, "-", None), ("x", "r", 1, None), ("y", "r", "-", None), ("z", "y", 0, None)
    )
    result = assign("stratified_grpo", Tree.from_records(rows), ddof=ddof)
    np.testing.assert_array_equal(result.per_node[1:], [0, 0, 0])
    assert "strata of one trace, without signal: 2" in result.notes


def test_shaping_by_hand():
    # Φ leaf values, gamma 1: b 1 − 2/3, b1 1 − 1; a 1/2 − 2/3, a1 1 − 1/2, a2 0 − 1/2
    assert steps(values("shaping", FORK)) == pytest.approx(
        {"b": 1 / 3, "b1": 0, "a": -1 / 6, "a1": 1 / 2, "a2": -1 / 2}
    )
    # Φ the scores (b 0.2, a 0.6), 0 at the problem, which has none, and 0 after the last step, whatever
    # its score: b 0.5 · 0.2, b1 1 − 0.2, a 0.5 · 0.6, a1 1 − 0.6, a2 0 − 0.6
    assert steps(values("shaping", FORK, potential="score", gamma=0.5)) == pytest.approx(
        {"b": 0.1, "b1": 0.8, "a": 0.3, "a1": 0.4, "a2": -0.6}
    )


def test_shaping_gives_a_step_another_number_where_a_trace_ends():
    rows = records(("r", None, "-", None), ("a", "r", [0], 0.4), ("b", "a", 1, 0.9))
    tree = Tree.from_records(rows)
    result = assign("shaping", tree, potential="score")
    np.testing.assert_allclose(result.per_trace["a"], [0.0])  # 0 − Φ(problem)
    np.testing.assert_allclose(result.per_trace["b"], [0.4, 1 - 0.4])
    assert result.per_node[1] == pytest.approx(0.2)


def test_an_unknown_potential_is_that_of_the_closest_step_above():
    rows = records(
        ("r", None, "-", None), ("a", "r", "-", 0.4), ("b", "a", "-", None), ("c", "b", 1, 0.9)
    )
    got = values("shaping", rows, potential="score")
    assert (got["a"], got["b"], got["c"]) == pytest.approx((0.4, 0.0, 0.6))
    notes = assign("shaping", Tree.from_records(rows), potential="score").notes
    assert notes == ("1 of 3 steps have no score: the one above stands",)


# --- Monte Carlo --------------------------------------------------------------------------------


def test_a_search_says_how_often_and_how_sure():
    rows = [
        {"id": 0, "parent": None, "text": "", "visits": 14, "value": 0.6},  # no step: no number
        {"id": 1, "parent": 0, "text": "", "visits": 10, "value": 0.8},
        {"id": 2, "parent": 0, "text": "", "visits": 0, "value": 0.0},  # never visited: no value
    ]
    result = assign("monte_carlo", Tree.from_records(rows))
    np.testing.assert_array_equal(result.per_node, [math.nan, 0.8, math.nan])
    # Wilson, 8 of 10 at 95 %: 0.4902 to 0.9433
    np.testing.assert_allclose(result.low, [math.nan, 0.4902, math.nan], atol=5e-5)
    np.testing.assert_allclose(result.high, [math.nan, 0.9433, math.nan], atol=5e-5)
    assert result.notes == ("counted: the visits of the search",)
    assert result.unit == "share of successes"


@pytest.mark.parametrize("odd", [44.0, -0.5])
def test_one_value_outside_0_to_1_tells_that_none_is_a_share(odd):
    rows = [
        {"id": 0, "parent": None, "text": ""},
        {"id": 1, "parent": 0, "text": "", "visits": 10, "value": 0.8},
        {"id": 2, "parent": 0, "text": "", "visits": 3, "value": odd},
    ]
    result = assign("monte_carlo", Tree.from_records(rows))
    np.testing.assert_array_equal(result.per_node, [math.nan, 0.8, odd])
    assert np.isnan(result.low).all()
    assert np.isnan(result.high).all()
    assert result.unit == "mean value of the visits"
    assert any("no shares of successes" in note for note in result.notes)


def merged(*outcomes):
    """One step at which several traces of the same text end."""
    return Tree.from_records(records(("r", None, "-", None), ("a", "r", list(outcomes), None)))


def test_a_value_of_the_problem_outside_0_to_1_tells_it_too():
    rows = [
        {"id": 0, "parent": None, "text": "", "visits": 14, "value": 7.0},
        {"id": 1, "parent": 0, "text": "", "visits": 10, "value": 0.8},
    ]
    result = assign("monte_carlo", Tree.from_records(rows))
    assert result.unit == "mean value of the visits"
    assert np.isnan(result.low).all()
    unvisited = [rows[0] | {"visits": 0}, rows[1]]
    assert assign("monte_carlo", Tree.from_records(unvisited)).unit == "share of successes"


@pytest.mark.parametrize(("pair", "mean"), [((1, -1), 0.0), ((2, -1), 0.5)])
def test_outcomes_outside_0_to_1_are_no_shares_though_their_mean_lies_there(pair, mean):
    found = merged(*pair)
    result = assign("monte_carlo", found)
    assert result.per_node[1] == mean
    assert result.unit == "mean outcome"
    assert np.isnan(result.low).all()
    assert any("no shares of successes" in note for note in result.notes)


def test_outcomes_between_0_and_1_have_the_interval_of_counts_and_a_note():
    result = assign("monte_carlo", merged(0.3))
    assert result.per_node[1] == 0.3
    assert SOFT in result.notes
    # Wilson, 0.3 of 1: (0.3 + z²/2 ± z · sqrt(0.21 + z²/4)) / (1 + z²) with z² = 3.8415
    assert (result.low[1], result.high[1]) == pytest.approx((0.0207, 0.8966), abs=5e-5)
    assert SOFT not in assign("monte_carlo", merged(0, 1)).notes
    searched = [
        {"id": 0, "parent": None, "text": ""},
        {"id": 1, "parent": 0, "text": "", "visits": 10, "value": 0.8, "outcome": 0.3},
    ]
    assert SOFT not in assign("monte_carlo", Tree.from_records(searched)).notes


def test_outcomes_that_are_no_successes_are_averaged_without_an_interval():
    rewards = [row | {"outcome": row["outcome"] * 10} if "outcome" in row else row for row in FORK]
    result = assign("monte_carlo", Tree.from_records(rewards))
    assert result.per_node[3] == 5.0
    assert np.isnan(result.low).all()
    assert result.unit == "mean outcome"


def test_without_a_search_the_traces_are_counted():
    result = assign("monte_carlo", Tree.from_records(FORK))
    np.testing.assert_allclose(
        result.per_node[1:], assign("leaf_value", Tree.from_records(FORK)).per_node[1:]
    )
    assert result.notes == ("counted: the traces through each step",)
    # a: 1 of 2, Wilson at 95 %: 0.0945 to 0.9055
    assert (result.low[3], result.high[3]) == pytest.approx((0.0945, 0.9055), abs=5e-5)
    both = [row | {"visits": 3, "value": 0.25} for row in FORK]
    tree = Tree.from_records(both)
    assert assign("monte_carlo", tree).per_node[1] == 0.25
    assert assign("monte_carlo", tree, source="traces").per_node[1] == 1.0
    assert assign("leaf_value", tree).low is None


def test_intervals_at_the_borders():
    share, count = np.array([0.0, 1.0, 0.5]), np.array([5.0, 5.0, 1e9])
    low, high = wilson(share, count, 0.95)
    # none of five: z²/(n + z²) = 3.8415 / 8.8415
    np.testing.assert_allclose([low[0], high[0]], [0, 0.43449], atol=1e-5)
    np.testing.assert_allclose([low[1], high[1]], [1 - 0.43449, 1], atol=1e-5)
    # half of a billion: ± 1.96 · sqrt(1/4 / 1e9)
    np.testing.assert_allclose(high[2] - low[2], 2 * 1.959964 * 0.5 / math.sqrt(1e9), rtol=1e-4)
    low, high = beta(share, count, 0.95)
    assert (low[0], high[1]) == (0, 1)
    np.testing.assert_allclose(high[0], 0.3794, atol=2e-4)  # 97.5 % of Beta(0.5, 5.5)
    np.testing.assert_allclose(high[2] - low[2], 2 * 1.959964 * 0.5 / math.sqrt(1e9), rtol=1e-3)


def test_the_share_below_a_point_of_beta():
    x = np.array([0.1, 0.5, 0.9])
    ones = np.ones(3)
    np.testing.assert_allclose(beta_share(x, ones, ones), x)
    np.testing.assert_allclose(beta_share(x, 3 * ones, ones), x**3, rtol=1e-7)
    np.testing.assert_allclose(beta_share(x, ones, 4 * ones), 1 - (1 - x) ** 4, rtol=1e-7)
    # Beta(1/2, 1/2) is the arcsine law
    arcsine = 2 / np.pi * np.arcsin(np.sqrt(x))
    np.testing.assert_allclose(beta_share(x, ones / 2, ones / 2), arcsine, rtol=1e-7)


@pytest.mark.parametrize("interval", ["wilson", "beta"])
def test_an_interval_holds_its_share_and_shrinks_with_the_count(interval):
    rows = [{"id": 0, "parent": None, "text": ""}] + [
        {"id": i, "parent": 0, "text": "", "visits": 2 * i, "value": 0.5} for i in range(1, 40)
    ]
    tree = Tree.from_records(rows)
    result = assign("monte_carlo", tree, interval=interval)
    assert (result.low[1:] < 0.5).all()
    assert (result.high[1:] > 0.5).all()
    assert (np.diff(result.high[1:] - result.low[1:]) < 0).all()
    narrower = assign("monte_carlo", tree, interval=interval, level=0.5)
    assert (narrower.high[1:] < result.high[1:]).all()


@pytest.mark.parametrize("key", ["tree_ps", "spo_tree", "sibling_grpo", "stratified_grpo"])
@pytest.mark.parametrize("outcome", [0, 1, 0.1])
def test_equal_outcomes_are_exactly_zero_and_noted(key, outcome):
    rows = [{**row, "outcome": outcome} if "outcome" in row else row for row in LOPSIDED]
    result = assign(key, Tree.from_records(rows))
    np.testing.assert_array_equal(result.per_node[1:], 0.0)
    assert NO_SIGNAL in result.notes
