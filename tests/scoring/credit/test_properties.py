"""What holds of credit on any tree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.credit import assign
from scoring.tree import Tree
from tests.scoring.credit.data import GROUP_RELATIVE, values

# --- properties ---------------------------------------------------------------------------------

OUTCOMES = st.one_of(
    st.none(),
    st.integers(0, 1),
    st.floats(-100, 100, allow_nan=False, width=32),
    st.lists(st.integers(0, 1), max_size=3),
)


@st.composite
def trees(draw):
    size = draw(st.integers(2, 14))
    parents = [draw(st.integers(0, i - 1)) for i in range(1, size)]
    return [{"id": 0, "parent": None, "text": ""}] + [
        {"id": i, "parent": parent, "text": "", "outcome": draw(OUTCOMES)}
        for i, parent in enumerate(parents, start=1)
    ]


def brute_force_leaf_values(tree):
    found = [[] for _ in tree.ids]
    for path, outcome in zip(tree.paths(), tree.outcomes, strict=True):
        for position in path:
            if np.isfinite(outcome):
                found[position].append(outcome)
    return [np.mean(x) if x else math.nan for x in found]


@given(trees())
def test_leaf_value_equals_brute_force(rows):
    tree = Tree.from_records(rows)
    np.testing.assert_allclose(
        assign("leaf_value", tree).per_node, brute_force_leaf_values(tree), rtol=1e-9, atol=1e-9
    )


@settings(deadline=None)
@given(trees(), st.randoms(), st.sampled_from([*GROUP_RELATIVE, "leaf_value"]))
def test_the_order_of_records_changes_no_number(rows, rng, key):
    shuffled = list(rows)
    rng.shuffle(shuffled)
    got = values(key, shuffled)
    assert got == pytest.approx(values(key, rows), nan_ok=True, rel=1e-6, abs=1e-6)


@given(trees(), st.sampled_from(["dr_grpo", "rloo"]), st.floats(0.5, 50))
def test_scaled_outcomes_scale_the_credit(rows, key, factor):
    tree = Tree.from_records(rows)
    if np.isfinite(tree.outcomes).sum() == 0:
        return
    scaled = Tree.from_columns(
        ids=tree.ids, parent=tree.parent, ends=tree.ends, outcomes=tree.outcomes * factor
    )
    np.testing.assert_allclose(
        assign(key, scaled).per_node, assign(key, tree).per_node * factor, rtol=1e-6, atol=1e-6
    )


@given(trees())
def test_doubling_every_trace_changes_no_comparison_with_the_mean(rows):
    tree = Tree.from_records(rows)
    twice = Tree.from_columns(
        ids=tree.ids,
        parent=tree.parent,
        ends=np.repeat(tree.ends, 2),
        outcomes=np.repeat(tree.outcomes, 2),
    )
    once, again = (assign("dr_grpo", t, single="zero") for t in (tree, twice))
    np.testing.assert_allclose(again.per_node, once.per_node, rtol=1e-6, atol=1e-6)
    assert again.n_outcomes == 2 * once.n_outcomes
