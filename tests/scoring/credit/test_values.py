"""Credit computed by hand, and the conventions that methods share."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.base import NO_SIGNAL
from scoring.tree import Tree
from tests.scoring.credit.data import FORK, GROUP_RELATIVE, by_id, records, values


def chain(*outcomes):
    return records(("r", None, "-", None), ("s", "r", "-", 1.0), ("t", "s", list(outcomes), 0.5))


# --- values by hand -----------------------------------------------------------------------------


def test_leaf_value_is_the_mean_over_traces_not_over_children():
    assert values("leaf_value", FORK) == pytest.approx(
        {"r": math.nan, "b": 1, "b1": 1, "a": 0.5, "a1": 1, "a2": 0}, nan_ok=True
    )
    lopsided = records(
        ("r", None, "-", None),
        ("a", "r", "-", None),
        ("a1", "a", 1, None),
        ("a2", "a", "-", None),
        ("x", "a2", 0, None),
        ("y", "a2", 0, None),
        ("z", "a2", 0, None),
    )
    assert values("leaf_value", lopsided)["a"] == 0.25  # the mean of the children is 0.5


def test_grpo_by_hand():
    # outcomes 1, 1, 0: mean 2/3, sample deviation sqrt(1/3)
    std = math.sqrt(1 / 3) + 1e-6
    good, bad = (1 / 3) / std, (-2 / 3) / std
    assert values("grpo", FORK) == pytest.approx(
        {"r": math.nan, "b": good, "b1": good, "a": (good + bad) / 2, "a1": good, "a2": bad},
        nan_ok=True,
    )
    population = math.sqrt(2 / 9)
    assert values("grpo", FORK, ddof=0, eps=0.0)["a2"] == pytest.approx(-2 / 3 / population)
    table = assign("grpo", Tree.from_records(FORK)).per_trace
    np.testing.assert_allclose(table["a2"], [bad, bad])


def test_dr_grpo_and_rloo_by_hand():
    assert values("dr_grpo", FORK)["a2"] == pytest.approx(-2 / 3)
    assert values("dr_grpo", FORK)["a"] == pytest.approx(-1 / 6)
    assert values("rloo", FORK)["a2"] == pytest.approx(0 - 1)
    assert values("rloo", FORK)["b1"] == pytest.approx(1 - 0.5)


def test_tempo_by_hand():
    # V: root 2/3, a 1/2, b 1, leaves their outcomes; the second term is the change of V
    std = math.sqrt(1 / 3) + 1e-6
    tree = Tree.from_records(FORK)
    result = assign("tempo", tree, ddof=1)
    np.testing.assert_allclose(
        result.per_trace["a1"], np.array([1 / 3 - 1 / 6, 1 / 3 + 1 / 2]) / std
    )
    np.testing.assert_allclose(
        result.per_trace["a2"], np.array([-2 / 3 - 1 / 6, -2 / 3 - 1 / 2]) / std
    )
    np.testing.assert_allclose(result.per_trace["b1"], np.array([1 / 3 + 1 / 3, 1 / 3]) / std)
    got = by_id(result, FORK)
    assert got["a"] == pytest.approx((-1 / 6 - 1 / 6) / std)
    assert got["b"] == pytest.approx((1 / 3 + 1 / 3) / std)


def test_prm_score_is_the_stored_score():
    got = values("prm_score", FORK)
    assert {k: v for k, v in got.items() if k != "r"} == {
        "b": 0.2, "b1": 0.5, "a": 0.6, "a1": 0.9, "a2": -0.4,
    }  # fmt: skip
    some = records(("r", None, "-", None), ("a", "r", "-", 0.5), ("b", "r", "-", None))
    assert assign("prm_score", Tree.from_records(some)).notes == ("1 of 2 steps have no score",)


@pytest.mark.parametrize(
    ("key", "unit"),
    [("grpo", 3 / (1 + 1e-6)), ("tempo", 3 / (1 + 1e-6)), ("dr_grpo", 3), ("rloo", 3)],
)
def test_a_group_of_one_keeps_its_outcome_or_gives_zero(key, unit):
    assert values(key, chain(3))["s"] == pytest.approx(unit, rel=1e-12)
    assert values(key, chain(3), single="zero")["s"] == 0
    result = assign(key, Tree.from_records(chain(3)))
    assert any("group of one" in note for note in result.notes)


# --- conventions --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", GROUP_RELATIVE)
@pytest.mark.parametrize("outcome", [0, 1, 0.1])
def test_equal_outcomes_are_exactly_zero_and_noted_as_no_signal(key, outcome):
    rows = chain(*[outcome] * 7)
    assert values(key, rows)["t"] == 0
    assert NO_SIGNAL in assign(key, Tree.from_records(rows)).notes


@pytest.mark.parametrize("key", GROUP_RELATIVE)
def test_an_unknown_outcome_counts_nowhere(key):
    unknown = [*FORK, *records(("c", "r", None, None), ("a3", "a", None, None))]
    got, want = values(key, unknown), values(key, FORK)
    assert {k: got[k] for k in want} == pytest.approx(want, nan_ok=True)
    assert math.isnan(got["c"])
    assert math.isnan(got["a3"])
    tree = Tree.from_records(unknown)
    result = assign(key, tree)
    assert result.n_outcomes == 3
    assert "2 of 5 traces have no known outcome" in result.notes
    assert np.isnan(result.per_trace["a3"]).all()


@pytest.mark.parametrize("key", [*GROUP_RELATIVE, "leaf_value"])
def test_outcomes_that_are_all_unknown_give_no_value(key):
    result = assign(key, Tree.from_records(chain(None, None)))
    assert np.isnan(result.per_node).all()
    assert result.n_outcomes == 0
    assert result.notes == ("2 of 2 traces have no known outcome",)


@pytest.mark.parametrize("key", [*GROUP_RELATIVE, "leaf_value"])
def test_merged_duplicates_equal_separate_traces(key):
    apart = records(
        ("r", None, "-", None), ("a", "r", 1, None), ("b", "r", 1, None), ("c", "r", 0, None)
    )
    merged = records(("r", None, "-", None), ("a", "r", [1, 1], None), ("c", "r", 0, None))
    got = values(key, merged)
    assert (got["a"], got["c"]) == pytest.approx((values(key, apart)["a"], values(key, apart)["c"]))


def test_a_trace_may_end_at_an_inner_node():
    rows = records(("r", None, "-", None), ("a", "r", [0], None), ("b", "a", 1, None))
    assert values("leaf_value", rows) == pytest.approx(
        {"r": math.nan, "a": 0.5, "b": 1}, nan_ok=True
    )
    assert values("dr_grpo", rows) == pytest.approx({"r": math.nan, "a": 0, "b": 0.5}, nan_ok=True)
    np.testing.assert_allclose(assign("dr_grpo", Tree.from_records(rows)).per_trace["a"], [-0.5])


def test_large_outcomes_elsewhere_cost_no_digits():
    rows = records(("r", None, "-", None), ("a", "r", 1e15, None), ("b", "r", 0.1, None))
    assert values("leaf_value", rows)["b"] == 0.1


def test_tempo_is_grpo_where_the_tree_does_not_branch():
    rows = records(
        ("r", None, "-", None),
        ("p", "r", "-", None),
        ("q", "p", "-", None),
        ("a", "q", 1, None),
        ("b", "q", 0, None),
    )
    tree = Tree.from_records(rows)
    tempo, grpo = assign("tempo", tree).per_trace, assign("grpo", tree).per_trace
    np.testing.assert_allclose(tempo["a"][:2], grpo["a"][:2])
