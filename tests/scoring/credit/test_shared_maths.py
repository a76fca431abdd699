"""What methods share: recurrences, moments of groups, ways down a tree, columns, against brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.credit.cells import Passes, blocks
from scoring.credit.columns import codes, column, has_column, numbers
from scoring.credit.moments import moments_of
from scoring.credit.recurrences import backwards, child_values, common_depth, nearest
from scoring.errors import ColumnError
from scoring.tree import Tree

PARENTS = st.integers(1, 25).flatmap(
    lambda n: st.tuples(*(st.integers(max(0, i - 4), i) for i in range(n)))
)


@st.composite
def trees(draw):
    """Trees of any shape whose traces end anywhere, some twice, some with unknown outcomes."""
    parents = draw(PARENTS)
    rows = [{"id": 0, "parent": None, "text": ""}]
    rows += [{"id": i + 1, "parent": up, "text": ""} for i, up in enumerate(parents)]
    bare = Tree.from_records(rows)
    ends = draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=30))
    outcome = st.one_of(st.just(math.nan), st.floats(-8, 8, width=16))
    outcomes = [draw(outcome) for _ in ends]
    return Tree.from_columns(ids=bare.ids, parent=bare.parent, ends=ends, outcomes=outcomes)


def way_down(tree, end):
    found = []
    while end > 0:
        found.append(int(end))
        end = tree.parent[end]
    return found[::-1]


@given(trees())
def test_many_ways_down_are_each_ones_way(tree):
    nodes, lengths = tree.paths_of(tree.ends)
    want = [way_down(tree, end) for end in tree.ends]
    assert [len(one) for one in want] == lengths.tolist()
    assert nodes.tolist() == [one for way in want for one in way]
    for end in tree.ends[:3]:  # one at a time goes another way about it
        assert tree.path(int(end)).tolist() == way_down(tree, end)


@settings(deadline=None)
@given(trees())
def test_child_values_equal_the_definition(tree):
    def value(at):
        own = tree.outcomes[(tree.ends == at) & np.isfinite(tree.outcomes)]
        found = [own.mean()] if len(own) else []
        found += [v for v in map(value, tree.children(at)) if math.isfinite(v)]
        return float(np.mean(found)) if found else math.nan

    want = [value(at) for at in range(len(tree))]
    np.testing.assert_allclose(child_values(tree), want, rtol=1e-9, atol=1e-9)


def test_child_values_of_a_very_deep_tree():
    # a caterpillar: at every inner step half of the leaf beside and half of what is below
    deep = 10_000
    level = np.arange(deep)
    depth = np.append(0, np.column_stack([level + 1, level + 2]).ravel())
    depth = depth[:-1]  # the last inner step is a leaf itself
    leaf = np.append(depth[1:] <= depth[:-1], True)
    ends = np.flatnonzero(leaf)
    tree = Tree.from_columns(ids=np.arange(len(depth)), depth=depth, ends=ends, outcomes=ends % 3)
    want = math.nan
    found = child_values(tree)
    for at in range(len(depth) - 1, 0, -1):
        below = tree.children(at) if at > len(depth) - 60 else []
        if len(below):
            want = found[below].mean()
            assert found[at] == pytest.approx(want)
    assert np.isfinite(found).all()


@given(trees(), st.data())
def test_the_closest_marked_step_above(tree, data):
    marked = np.array([data.draw(st.booleans()) for _ in range(len(tree))])
    for at, got in enumerate(nearest(tree, marked)):
        above = [one for one in [0, *way_down(tree, at)] if marked[one]]
        assert got == (above[-1] if above else -1)


@given(trees(), st.data())
def test_how_many_steps_two_ways_share(tree, data):
    node = st.integers(0, len(tree) - 1)
    pairs = np.array([[data.draw(node), data.draw(node)] for _ in range(8)])
    found = common_depth(tree, pairs[:, 0], pairs[:, 1])
    for (one, other), got in zip(pairs, found, strict=True):
        assert got == len(set(way_down(tree, one)) & set(way_down(tree, other)))


@given(st.lists(st.tuples(st.floats(-5, 5, width=16), st.floats(0, 1, width=16)), max_size=40))
def test_sums_from_the_end_equal_the_loop(pairs):
    values = np.array([value for value, _ in pairs], np.float64)
    factors = np.array([factor if factor > 0.1 else 0.0 for _, factor in pairs], np.float64)
    factors[-1:] = 0.0
    want, after = np.zeros(len(pairs)), 0.0
    for at in range(len(pairs) - 1, -1, -1):
        after = want[at] = values[at] + factors[at] * after
    np.testing.assert_allclose(backwards(values, factors), want, rtol=1e-9, atol=1e-9)


@given(
    st.lists(
        st.tuples(st.integers(-1, 4), st.one_of(st.just(math.nan), st.floats(-9, 9, width=16))),
        max_size=30,
    ),
    st.sampled_from([0, 1]),
)
def test_moments_of_groups_equal_those_of_each(pairs, ddof):
    keys = np.array([key for key, _ in pairs], np.int64)
    values = np.array([value for _, value in pairs], np.float64)
    found = moments_of(keys, values, 5, ddof=ddof)
    for group in range(5):
        own = values[(keys == group) & np.isfinite(values)]
        assert found.count[group] == len(own)
        if not len(own):
            assert math.isnan(found.mean[group])
            continue
        assert found.mean[group] == pytest.approx(own.mean(), abs=1e-12)
        want = own.std(ddof=ddof) if len(own) > 1 else 0.0
        assert found.std[group] == pytest.approx(want, abs=1e-9)
    centered = found.centered(keys, values)
    assert np.isnan(centered[(keys < 0) | np.isnan(values)]).all()


def test_rounding_is_no_spread():
    keys = np.zeros(3, np.int64)
    values = np.full(3, 0.1)  # their mean is 0.10000000000000002
    found = moments_of(keys, values, 1)
    assert found.std[0] == 0
    assert found.scores(keys, values, eps=1e-8).tolist() == [0, 0, 0]
    assert found.centered(keys, values).tolist() == [0, 0, 0]


def test_one_block_is_made_once_and_many_each_time():
    tree = Tree.from_columns(ids=[0, 1, 2], depth=[0, 1, 2], ends=[1, 2], outcomes=[0, 1])
    once, often = Passes(tree), Passes(tree, size=1)
    assert next(iter(once)) is next(iter(once))
    assert next(iter(often)) is not next(iter(often))
    assert [len(one) for one in often] == [len(one) for one in blocks(tree, size=1)]


# --- columns ------------------------------------------------------------------------------------

ROWS = [
    {"id": "r", "parent": None, "text": ""},
    {"id": "a", "parent": "r", "text": "", "mark": True, "list": [1], "score": 0.5},
    {"id": "b", "parent": "a", "text": "", "mark": -math.inf, "list": [1], "word": "high"},
    {"id": "c", "parent": "a", "text": "", "mark": 2, "list": None, "word": None},
]


def test_columns_by_name():
    tree = Tree.from_records(ROWS)
    np.testing.assert_array_equal(numbers(tree, "mark"), [math.nan, 1, math.nan, 2])
    np.testing.assert_array_equal(numbers(tree, "score"), [math.nan, 0.5, math.nan, math.nan])
    assert column(tree, "list").tolist() == [None, [1], [1], None]
    assert [has_column(tree, name) for name in ("mark", "score", "value", "gone")] == [
        True, True, False, False,
    ]  # fmt: skip
    for name in ("value", "gone"):
        assert np.isnan(numbers(tree, name)).all()
        assert column(tree, name).tolist() == [None] * 4
    for name in ("word", "list"):
        with pytest.raises(ColumnError, match=name):
            numbers(tree, name)


def test_codes_are_equal_where_cells_are():
    assert codes(["x", None, "y", "x"])[0].tolist() == [0, -1, 1, 0]
    found, count = codes(Tree.from_records(ROWS).extra["list"])  # lists are no keys: as they print
    assert (found.tolist(), count) == ([-1, 0, 0, -1], 1)
    assert codes(np.array([3, 3, 5]))[0].tolist() == [0, 0, 1]
    assert codes([])[1] == 0
    assert codes(np.array([0.5, math.nan, 0.5]))[0].tolist() == [0, -1, 0]  # no number is no value
    assert codes([1, math.inf, "x"])[0].tolist() == [0, -1, 1]
