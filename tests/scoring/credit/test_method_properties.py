"""What holds of the methods of outcomes, states and levels on any tree."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.credit import METHODS, assign
from scoring.credit.base import NO_SIGNAL
from scoring.credit.registry import FAMILIES
from scoring.tree import Tree
from tests.scoring.credit.data import FULL

OURS = [
    row.key
    for family in ("Outcomes", "States and hierarchy")
    for row in FAMILIES[family]
    if row.key not in {"brpo", "monte_carlo"}  # these two do not read outcomes alone
]
LINEAR = [
    *("leaf_value", "child_value", "dr_grpo", "rloo", "tree_ps", "spo_tree", "gigpo"),
    *("hicra", "hiper", "ma_rlhf", "shaping"),
]
"""Methods in the unit of the outcomes, so ten times the outcomes are ten times the credit."""
DIFFERENCES = {"hiper", "ma_rlhf", "shaping"}  # of values in time: what changes nothing has none
WITHOUT_THE_REST = {
    "gigpo": {"gamma": 1.0},  # steps in one state differ by how soon the outcome comes
    "m_grpo": {"single": "zero"},  # an agent that is called once has its reward
}
SAME_NUMBERS = {
    frozenset({"tree_ps", "shaping"}),  # by the leaf value, without discount
    frozenset(
        {"implicit_prm", "dpo_credit"}
    ),  # the same log-ratio, of differently trained policies
}


OUTCOME = st.one_of(st.integers(0, 1), st.floats(-4, 4, width=16))


@st.composite
def rich_trees(draw, outcome=OUTCOME):
    size = draw(st.integers(2, 12))
    rows = [{"id": 0, "parent": None, "text": ""}]
    for i in range(1, size):
        row = {
            "id": i,
            "parent": draw(st.integers(0, i - 1)),
            "text": draw(st.sampled_from("xy")),
            "state": draw(st.sampled_from(["s", "t", None])),
            "level": draw(st.sampled_from(["plan", "execute"])),
            "agent": draw(st.sampled_from(["main", "sub"])),
            "plan_id": draw(st.sampled_from(["P", "Q", None])),
            "retry_of": draw(st.one_of(st.none(), st.integers(1, size))),
        }
        rows.append(row)
    inner = {row["parent"] for row in rows}
    for row in rows[1:]:
        if row["id"] not in inner or draw(st.integers(0, 5)) == 0:
            row["outcome"] = draw(outcome)
    return rows


def found(key, tree):
    return dict(zip(tree.ids.tolist(), assign(key, tree).per_node.tolist(), strict=True))


def with_outcomes(tree, ends, outcomes):
    return Tree.from_columns(
        ids=tree.ids,
        parent=tree.parent,
        ends=ends,
        outcomes=outcomes,
        text=tree.text,
        state=tree.state,
        level=tree.level,
        agent=tree.agent,
        extra=tree.extra,
    )


@settings(deadline=None, max_examples=40)
@given(rich_trees(), st.randoms())
def test_the_order_of_records_and_siblings_changes_no_number(rows, rng):
    shuffled = list(rows)
    rng.shuffle(shuffled)
    one, other = Tree.from_records(rows), Tree.from_records(shuffled)
    for key in OURS:
        want = found(key, one)
        assert found(key, other) == pytest.approx(want, nan_ok=True, rel=1e-6, abs=1e-6), key


@settings(deadline=None, max_examples=40)
@given(rich_trees(), st.sampled_from([0.25, 10.0, 64.0]))
def test_outcomes_in_another_unit_give_credit_in_that_unit(rows, factor):
    tree = Tree.from_records(rows)
    scaled = with_outcomes(tree, tree.ends, tree.outcomes * factor)
    for key in LINEAR:
        want = assign(key, tree).per_node * factor
        np.testing.assert_allclose(assign(key, scaled).per_node, want, 1e-6, 1e-6, err_msg=key)


@settings(deadline=None, max_examples=40)
@given(rich_trees())
def test_every_trace_sampled_twice_is_no_other_comparison(rows):
    tree = Tree.from_records(rows)
    if len(tree.outcomes) == 1:
        return  # a group of one is a matter of its own
    twice = with_outcomes(tree, np.repeat(tree.ends, 2), np.repeat(tree.outcomes, 2))
    for key in {*LINEAR, "sibling_grpo", "r3l"} - {"rloo"}:  # leave-one-out knows the copy
        want = assign(key, tree).per_node
        np.testing.assert_allclose(assign(key, twice).per_node, want, 1e-6, 1e-6, err_msg=key)


@settings(deadline=None, max_examples=40)
@given(rich_trees(), st.lists(st.integers(1, 11), min_size=1, max_size=3))
def test_traces_without_outcome_change_nothing_and_get_nothing(rows, more):
    tree = Tree.from_records(rows)
    # With a trace at both ends a retry is one, whatever came of them (R3L).
    pairs = {name for row in rows if row.get("retry_of") for name in (row["id"], row["retry_of"])}
    stops = [end for end in more if end < len(tree) and tree.ids[end] not in pairs]
    ends = np.concatenate([tree.ends, np.array(stops, np.int64)])
    outcomes = np.concatenate([tree.outcomes, np.full(len(stops), math.nan)])
    with_them = with_outcomes(tree, ends, outcomes)
    for key in OURS:
        got, want = assign(key, with_them), assign(key, tree)
        np.testing.assert_allclose(got.per_node, want.per_node, 1e-9, 1e-9, err_msg=key)
        assert got.n_outcomes == want.n_outcomes
        if stops:
            note = f"{len(stops)} of {len(ends)} traces have no known outcome"
            assert note in got.notes, key


@settings(deadline=None, max_examples=40)
@given(rich_trees(outcome=st.just(0.1)))
def test_equal_outcomes_are_no_signal(rows):
    tree = Tree.from_records(rows)
    if len(tree.outcomes) == 1:
        return
    for key in OURS:
        result = assign(key, tree)
        if not METHODS[key].signed:
            continue
        if key in DIFFERENCES:
            np.testing.assert_allclose(result.per_node[1:], 0.0, atol=1e-12, err_msg=key)
            continue
        every = [result.per_node[1:], *(result.per_trace or {}).values()]
        left = any(np.nan_to_num(numbers).any() for numbers in every)
        assert (NO_SIGNAL in result.notes) != left, key
        assert any("all outcomes are equal: what is left" in n for n in result.notes) == left, key
        result = assign(key, tree, **WITHOUT_THE_REST.get(key, {}))
        assert NO_SIGNAL in result.notes, key
        known = result.per_node[np.isfinite(result.per_node)]
        np.testing.assert_array_equal(known, 0.0, err_msg=key)


@settings(deadline=None, max_examples=100)
@given(
    rich_trees(),
    st.sampled_from([0.5, 0.9, 1.0]),
    st.sampled_from(["leaf_value", "score", "value"]),
    st.data(),
)
def test_shaping_shifts_every_discounted_total_by_the_same_constant(rows, gamma, potential, data):
    numbers = st.one_of(st.none(), st.floats(-4, 4, width=16))
    rows = [row | {"score": data.draw(numbers), "value": data.draw(numbers)} for row in rows]
    tree = Tree.from_records(rows)
    start = {
        "leaf_value": float(np.mean(tree.outcomes)),
        "score": rows[0]["score"] or 0.0,
        "value": rows[0]["value"] or 0.0,
    }[potential]
    table = assign("shaping", tree, gamma=gamma, potential=potential).per_trace
    for end in set(tree.ends.tolist()):
        outcome = tree.outcomes[tree.ends == end].mean()
        steps = table[tree.ids[end]]
        weights = gamma ** np.arange(len(steps))
        own = outcome * gamma ** (len(steps) - 1)
        assert (steps * weights).sum() == pytest.approx(own - start, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(rich_trees())
def test_a_node_is_the_mean_of_what_its_traces_say(rows):
    tree = Tree.from_records(rows)
    for key in OURS:
        result = assign(key, tree)
        if result.per_trace is None:
            continue
        cells = [[] for _ in range(len(tree))]
        for path, end in zip(tree.paths(), tree.ends, strict=True):
            for position, number in zip(path, result.per_trace[tree.ids[end]], strict=True):
                cells[position].append(number)
        want = [np.nanmean(c) if np.isfinite(c).any() else math.nan for c in map(np.array, cells)]
        np.testing.assert_allclose(result.per_node[1:], want[1:], 1e-6, 1e-6, err_msg=key)


def test_any_two_methods_differ_where_everything_is_given():
    tree = Tree.from_records(FULL)
    seen = {}
    for key in METHODS:
        result = assign(key, tree)
        paths = [tree.path(int(end)) for end in np.unique(tree.ends)]
        table = result.per_trace or {path[-1]: result.per_node[path] for path in paths}
        seen[key] = np.concatenate(list(table.values()))
    same = {
        frozenset({one, other})
        for one, other in itertools.combinations(seen, 2)
        if np.allclose(seen[one], seen[other], equal_nan=True, atol=1e-9)
    }
    assert same <= SAME_NUMBERS, same - SAME_NUMBERS
