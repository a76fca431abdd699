"""``scoring.tree``: the contract of both ways in, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import TreeError
from scoring.tree import Tree

FORK = [
    {"id": "r", "parent": None, "text": "p"},
    {"id": "b", "parent": "r", "text": "b"},
    {"id": "a", "parent": "r", "text": "a"},
    {"id": "a1", "parent": "a", "text": "a1", "outcome": 1},
    {"id": "a2", "parent": "a", "text": "a2", "outcome": False},
    {"id": "b1", "parent": "b", "text": "b1", "outcome": None},
]


def chain(steps: int) -> list[dict[str, object]]:
    return [{"id": i, "parent": i - 1 if i else None, "text": "x"} for i in range(steps + 1)]


@st.composite
def preorder_depths(draw):
    depths = [0]
    for _ in range(draw(st.integers(0, 40))):
        depths.append(draw(st.integers(1, depths[-1] + 1)))
    return depths


def test_nodes_are_in_preorder_with_siblings_in_record_order():
    tree = Tree.from_records(FORK)
    assert tree.ids.tolist() == ["r", "b", "b1", "a", "a1", "a2"]
    assert tree.parent.tolist() == [-1, 0, 1, 0, 3, 3]
    assert tree.depth.tolist() == [0, 1, 2, 1, 2, 2]
    assert tree.subtree_end.tolist() == [6, 3, 3, 6, 5, 6]
    assert tree.leaves.tolist() == [2, 4, 5]
    assert tree.parent.dtype == tree.depth.dtype == tree.ends.dtype == np.int64
    assert tree.ids.dtype == object


def test_every_leaf_ends_a_trace_and_unknown_is_not_zero():
    tree = Tree.from_records(FORK)
    assert tree.ends.tolist() == [2, 4, 5]
    np.testing.assert_array_equal(tree.outcomes, [np.nan, 1.0, 0.0])
    assert [p.tolist() for p in tree.paths()] == [[1, 2], [3, 4], [3, 5]]


def test_an_outcome_list_is_one_trace_per_entry_also_at_an_inner_node():
    records = [dict(row) for row in FORK]
    records[2]["outcome"] = [0.5, None]
    records[3]["outcome"] = [1, 1, 0]
    records[4]["outcome"] = []
    tree = Tree.from_records(records)
    assert tree.ids[tree.ends].tolist() == ["b1", "a", "a", "a1", "a1", "a1"]
    np.testing.assert_array_equal(tree.outcomes, [np.nan, 0.5, np.nan, 1, 1, 0])


def test_a_source_without_outcomes_is_told_from_unknown_outcomes():
    assert "outcome" in Tree.from_records(FORK).given
    assert "outcome" not in Tree.from_records(chain(3)).given


def test_optional_columns_and_extra_ones_are_kept():
    tree = Tree.from_records(
        [
            {"id": 7, "parent": None, "text": "p", "tests": [1, 0]},
            {"id": 8, "parent": 7, "text": "s", "score": 0.5, "state": "q", "level": "plan",
             "agent": "x", "n_tokens": 12, "visits": 3, "value": -1.5, "tests": [0, 1]},
        ]
    )  # fmt: skip
    assert tree.score[1] == 0.5
    assert tree.state.tolist() == [None, "q"]
    assert tree.level.tolist() == ["", "plan"]
    assert tree.agent.tolist() == ["", "x"]
    assert [tree.n_tokens[1], tree.visits[1], tree.value[1]] == [12, 3, -1.5]
    assert math.isnan(tree.score[0])
    assert tree.extra["tests"].tolist() == [[1, 0], [0, 1]]
    assert tree.given >= {
        "score",
        "state",
        "level",
        "agent",
        "n_tokens",
        "visits",
        "value",
        "tests",
    }


def test_one_node_is_legal_and_has_no_trace():
    tree = Tree.from_records([{"id": 1, "parent": None, "text": "p"}])
    assert len(tree) == 1
    assert tree.leaves.tolist() == tree.ends.tolist() == tree.paths() == []


def test_an_empty_solution_is_a_trace_that_ends_at_the_root():
    tree = Tree.from_records([{"id": 1, "parent": None, "text": "p", "outcome": 0}])
    assert tree.ends.tolist() == [0]
    assert [p.tolist() for p in tree.paths()] == [[]]


def test_depth_of_twenty_thousand_needs_no_recursion():
    tree = Tree.from_records(list(reversed(chain(20_000))))
    assert tree.depth.max() == 20_000
    assert len(tree.paths()[0]) == 20_000


@given(preorder_depths())
def test_columns_agree_with_brute_force(depths):
    n = len(depths)
    tree = Tree.from_columns(ids=range(n), depth=depths)
    parent = [
        next((j for j in range(i, -1, -1) if depths[j] == depths[i] - 1), -1) for i in range(n)
    ]
    ends = [next((j for j in range(i + 1, n) if depths[j] <= depths[i]), n) for i in range(n)]
    assert tree.parent.tolist() == parent
    assert tree.subtree_end.tolist() == ends
    for i in range(n):
        assert tree.children(i).tolist() == [j for j in range(n) if parent[j] == i]
        walk, at = [], i
        while at > 0:
            walk.append(at)
            at = parent[at]
        assert tree.path(i).tolist() == walk[::-1]
    assert Tree.from_columns(ids=range(n), parent=parent).depth.tolist() == depths


@given(preorder_depths(), st.randoms())
def test_record_order_changes_only_the_order_of_siblings(depths, rng):
    tree = Tree.from_columns(ids=range(len(depths)), depth=depths)
    records = [
        {"id": i, "parent": int(up) if up >= 0 else None, "text": str(i)}
        for i, up in enumerate(tree.parent)
    ]
    rng.shuffle(records)
    again = Tree.from_records(records)
    assert {
        (i, int(again.ids[p]) if p >= 0 else -1)
        for i, p in zip(again.ids, again.parent, strict=True)
    } == {(i, int(p)) for i, p in enumerate(tree.parent)}
    assert again.text.tolist() == [str(i) for i in again.ids]


def row(**changes):
    return {"id": 2, "parent": 1, "text": "", **changes}


ROOT = {"id": 1, "parent": None, "text": ""}


@pytest.mark.parametrize(
    ("records", "word"),
    [
        pytest.param([], "no records", id="no records"),
        pytest.param([ROOT, row(), row()], "same id", id="duplicate id"),
        pytest.param([ROOT, row(parent=9)], "not among", id="orphan"),
        pytest.param([ROOT, row(parent=True)], "not among", id="bool is no id"),
        pytest.param([ROOT, row(parent=[1])], "not among", id="unhashable parent"),
        pytest.param([ROOT, row(parent=None)], "found 2", id="two roots"),
        pytest.param([row(parent=2)], "found 0", id="own parent"),
        pytest.param([ROOT, row(parent=3), row(id=3, parent=2)], "cycle", id="cycle"),
        pytest.param([ROOT, {"id": 2, "text": ""}], "'parent'", id="no parent key"),
        pytest.param([ROOT, row(id=2.0)], "whole number", id="float id"),
        pytest.param([ROOT, row(id=None)], "whole number", id="no id"),
        pytest.param([ROOT, "x"], "mapping", id="not a mapping"),
        pytest.param([ROOT, row(outcome=math.inf)], "infinite", id="infinite outcome"),
        pytest.param([ROOT, row(outcome="1")], "must be a number", id="text outcome"),
        pytest.param([ROOT, row(outcome=[1, "x"])], "must be a number", id="text in a list"),
        pytest.param([ROOT, row(outcome=10**400)], "must be a number", id="too large"),
        pytest.param([ROOT, row(value=-math.inf)], "infinite", id="infinite value"),
        pytest.param([ROOT, row(text=5)], "must be text", id="number as text"),
        pytest.param([ROOT, row(level=1)], "must be text", id="number as level"),
        pytest.param([ROOT, row(state=["a"])], "hashable", id="unhashable state"),
    ],
)
def test_records_that_are_no_tree_are_refused_in_words(records, word):
    with pytest.raises(TreeError, match=word):
        Tree.from_records(records)


@pytest.mark.parametrize("score", [math.inf, -math.inf, math.nan, None])
def test_a_score_that_is_no_number_is_missing(score):
    tree = Tree.from_records([ROOT, row(score=score)])
    assert math.isnan(tree.score[1])
    assert "score" in tree.given
    column = [math.nan, math.nan if score is None else score]
    assert math.isnan(Tree.from_columns(ids=[0, 1], depth=[0, 1], score=column).score[1])


def test_a_huge_value_does_not_make_a_huge_message():
    with pytest.raises(TreeError) as caught:
        Tree.from_records([ROOT, row(score="x" * 10**6)])
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"depth": [0, 2]}, id="a level skipped"),
        pytest.param({"depth": [0, 1, 0]}, id="second root"),
        pytest.param({"depth": [1, 1]}, id="no root"),
        pytest.param({"depth": [0.0, 1.0]}, id="not whole"),
        pytest.param({"parent": [-1, 2, 0]}, id="child before parent"),
        pytest.param({"parent": [-1, 0, 0, 1]}, id="interrupted subtree"),
        pytest.param({"parent": [-1, -1]}, id="second root by parent"),
        pytest.param({"parent": [-1, 0], "depth": [0, 1]}, id="both"),
        pytest.param({}, id="neither"),
        pytest.param({"depth": [0, 1], "ends": [2], "outcomes": [1.0]}, id="end outside"),
        pytest.param({"depth": [0, 1], "ends": [1], "outcomes": [1.0, 2.0]}, id="outcome too many"),
        pytest.param({"depth": [0, 1], "outcomes": [1.0]}, id="outcomes without ends"),
        pytest.param({"depth": [0, 1], "score": [1.0]}, id="short column"),
        pytest.param({"depth": [0, 1], "value": [0.0, math.inf]}, id="infinite value"),
        pytest.param(
            {"depth": [0, 1], "ends": [1], "outcomes": [-math.inf]}, id="infinite outcome"
        ),
        pytest.param({"depth": [0, 1], "score": ["a", "b"]}, id="text score"),
        pytest.param({"depth": [0, 1], "text": ["a"]}, id="short text"),
        pytest.param({"depth": [0, 1], "scores": [1, 2]}, id="unknown column"),
        pytest.param({"depth": [0, 1], "ids": [1, 1]}, id="equal ids"),
    ],
)
def test_columns_that_are_no_tree_are_refused(columns):
    length = len(columns.get("depth", columns.get("parent", [0, 1])))
    with pytest.raises(TreeError):
        Tree.from_columns(**{"ids": range(length), **columns})


def test_the_callers_arrays_are_not_shared():
    score = np.array([np.nan, 0.5])
    tree = Tree.from_columns(ids=[0, 1], depth=[0, 1], score=score)
    score[1] = 9
    assert tree.score[1] == 0.5


def test_traces_keep_the_callers_order_and_ids_are_plain_numbers():
    tree = Tree.from_columns(
        ids=np.array([10, 11, 12]), depth=[0, 1, 1], ends=[2, 1, 2], outcomes=[1, 0, np.nan]
    )
    assert tree.ends.tolist() == [2, 1, 2]
    np.testing.assert_array_equal(tree.outcomes, [1, 0, np.nan])
    assert all(type(name) is int for name in tree.ids)
