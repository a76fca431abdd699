"""``scoring.credit``: every registered method, and the values computed by hand."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.credit import METHODS, CreditResult, assign
from scoring.credit.base import CONFIDENCE, NO_SIGNAL
from scoring.credit.registry import INPUTS
from scoring.errors import MissingInputError, ParameterError, UnknownNameError
from scoring.tree import Tree

EVERY = [pytest.param(row.key, id=row.key) for row in METHODS.values()]
GROUP_RELATIVE = ["grpo", "dr_grpo", "rloo", "tempo"]


def records(*rows):
    """Rows of (id, parent, outcome, score); "-" = the record says nothing of an outcome."""
    return [
        {"id": name, "parent": parent, "text": name, "score": score}
        | ({} if outcome == "-" else {"outcome": outcome})
        for name, parent, outcome, score in rows
    ]


FORK = records(
    ("r", None, "-", None),
    ("b", "r", "-", 0.2),
    ("a", "r", "-", 0.6),
    ("a1", "a", 1, 0.9),
    ("a2", "a", 0, -0.4),
    ("b1", "b", 1, 0.5),
)


def by_id(result: CreditResult, rows) -> dict[str, float]:
    tree = Tree.from_records(rows)
    return dict(zip(tree.ids.tolist(), result.per_node.tolist(), strict=True))


def values(key, rows, **params):
    return by_id(assign(key, Tree.from_records(rows), **params), rows)


def chain(*outcomes):
    return records(("r", None, "-", None), ("s", "r", "-", 1.0), ("t", "s", list(outcomes), 0.5))


# --- every method -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", EVERY)
def test_a_result_is_aligned_named_and_empty_at_the_root(key):
    row = METHODS[key]
    result = assign(key, Tree.from_records(FORK))
    assert result.per_node.shape == (6,)
    assert result.per_node.dtype == np.float64
    assert math.isnan(result.per_node[0])
    assert np.isfinite(result.per_node[1:]).all()
    assert (result.method, result.version, result.n_outcomes) == (key, row.version, 3)
    assert dict(result.params) == {param.name: param.default for param in row.params}


@pytest.mark.parametrize("key", EVERY)
def test_per_trace_values_average_to_the_nodes(key):
    tree = Tree.from_records(FORK)
    result = assign(key, tree)
    if result.per_trace is None:
        return
    assert list(result.per_trace) == ["b1", "a1", "a2"]
    seen = {}
    for path in tree.paths():
        for position, number in zip(path, result.per_trace[tree.ids[path[-1]]], strict=True):
            seen.setdefault(int(position), []).append(number)
    for position, numbers in seen.items():
        assert result.per_node[position] == pytest.approx(np.mean(numbers), abs=1e-12)


@pytest.mark.parametrize("key", EVERY)
def test_one_node_is_legal_and_gets_no_value(key):
    result = assign(key, Tree.from_records([{"id": 1, "parent": None, "text": ""}]))
    assert len(result.per_node) == 1
    assert math.isnan(result.per_node[0])


@pytest.mark.parametrize("key", EVERY)
def test_a_missing_input_is_named_with_the_way_to_get_it(key):
    tree = Tree.from_records(
        [{"id": 1, "parent": None, "text": ""}, {"id": 2, "parent": 1, "text": ""}]
    )
    with pytest.raises(MissingInputError) as caught:
        assign(key, tree)
    assert caught.value.missing == METHODS[key].needs
    for name in METHODS[key].needs:
        assert name in str(caught.value)
        assert INPUTS[name] in str(caught.value)


@pytest.mark.parametrize("key", EVERY)
def test_unknown_parameters_and_values_are_refused(key):
    tree = Tree.from_records(FORK)
    with pytest.raises(UnknownNameError) as caught:
        assign(key, tree, nonsense=1)
    assert all(param.name in str(caught.value) for param in METHODS[key].params)
    for param in METHODS[key].params:
        for wrong in (None, "nonsense", math.nan, -7, True):
            with pytest.raises(ParameterError, match=param.name):
                assign(key, tree, **{param.name: wrong})


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="leaf_value, grpo"):
        assign("no_such_method", Tree.from_records(FORK))


@pytest.mark.parametrize("key", EVERY)
def test_a_row_says_everything_a_menu_needs(key):
    row = METHODS[key]
    assert row.label
    assert row.summary.endswith(".")
    assert row.unit
    assert row.source
    assert row.known_from == f"{row.confidence}: {CONFIDENCE[row.confidence]}"
    assert row.confidence != "RECONSTRUCTED" or "reconstruction" in row.label.lower()
    assert all(param.allows(param.default) for param in row.params)


def test_the_package_loads_no_method_and_nothing_heavy():
    code = (
        "import sys, scoring.credit; "
        "print([m for m in sys.modules if 'methods.' in m or m.split('.')[0] in ('torch', 'django')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
