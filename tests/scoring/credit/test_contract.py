"""What holds for every registered credit method."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from scoring.credit import METHODS, assign
from scoring.credit.base import CONFIDENCE
from scoring.credit.inputs import INPUTS
from scoring.errors import MissingInputError, ParameterError, UnknownNameError
from scoring.tree import Tree
from tests.scoring.credit.data import FORK, FULL

EVERY = [pytest.param(row.key, id=row.key) for row in METHODS.values()]


BARE = [{"id": 1, "parent": None, "text": ""}, {"id": 2, "parent": 1, "text": ""}]


def missed(key, tree, **params):
    with pytest.raises(MissingInputError) as caught:
        assign(key, tree, **params)
    return caught.value


# --- every method -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", EVERY)
def test_a_result_is_aligned_named_and_empty_at_the_root(key):
    row = METHODS[key]
    tree = Tree.from_records(FULL)
    result = assign(key, tree)
    assert result.per_node.shape == (len(tree),)
    assert result.per_node.dtype == np.float64
    assert math.isnan(result.per_node[0])
    assert not np.isinf(result.per_node).any()
    assert np.isfinite(result.per_node[1:]).any()
    assert (result.method, result.version, result.n_outcomes) == (key, row.version, 7)
    assert dict(result.params) == {param.name: param.default for param in row.params}
    for end in (result.low, result.high):
        assert end is None or (end.shape == (len(tree),) and math.isnan(end[0]))


@pytest.mark.parametrize("key", EVERY)
def test_every_choice_of_every_parameter_gives_numbers(key):
    tree = Tree.from_records(FULL)
    for param in METHODS[key].params:
        for choice in param.choices:
            found = assign(key, tree, **{param.name: choice}).per_node
            assert np.isfinite(found[1:]).any(), (param.name, choice)


@pytest.mark.parametrize("key", EVERY)
def test_per_trace_values_average_to_the_nodes(key):
    tree = Tree.from_records(FULL)
    result = assign(key, tree)
    if result.per_trace is None:
        return
    assert list(result.per_trace) == ["a1", "a2", "b1", "c1", "d"]
    seen = {}
    for path in tree.paths():
        for position, number in zip(path, result.per_trace[tree.ids[path[-1]]], strict=True):
            seen.setdefault(int(position), []).append(number)
    for position, numbers in seen.items():
        known = [number for number in numbers if math.isfinite(number)]
        want = np.mean(known) if known else math.nan
        assert result.per_node[position] == pytest.approx(want, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("key", EVERY)
def test_one_node_is_legal_and_gets_no_value(key):
    result = assign(key, Tree.from_records([{"id": 1, "parent": None, "text": ""}]))
    assert len(result.per_node) == 1
    assert math.isnan(result.per_node[0])


@pytest.mark.parametrize("key", EVERY)
def test_a_missing_input_is_named_with_the_way_to_get_it(key):
    error = missed(key, Tree.from_records(BARE))
    assert set(METHODS[key].needs_with({})) <= set(error.missing)
    assert error.missing
    for name in error.missing:
        assert name in str(error)
        assert INPUTS[name] in str(error)


@pytest.mark.parametrize("key", EVERY)
def test_each_input_of_each_choice_is_asked_for(key):
    """Without one of its columns a method that names it refuses, whatever else is there."""
    row = METHODS[key]
    wanted = [(name, {}) for name in row.needs]
    wanted += [(name, {one.param: one.value}) for one in row.also for name in one.needs]
    for name, params in wanted:
        rows = [{k: v for k, v in record.items() if k != name} for record in FULL]
        error = missed(key, Tree.from_records(rows), **params)
        assert name in error.missing
        assert INPUTS[name] in str(error)


@pytest.mark.parametrize("key", EVERY)
def test_unknown_parameters_and_values_are_refused(key):
    tree = Tree.from_records(FULL)
    with pytest.raises(UnknownNameError) as caught:
        assign(key, tree, nonsense=1)
    assert all(param.name in str(caught.value) for param in METHODS[key].params)
    for param in METHODS[key].params:
        for wrong in ("nonsense", None, math.nan, -7, True, "", "\0", "x" * 10**6):
            if param.word and wrong == "nonsense":  # a column's name: that it is not there is said
                assert missed(key, tree, **{param.name: wrong}).missing == ("nonsense",)
            elif wrong not in param.choices:
                with pytest.raises(ParameterError, match=param.name):
                    assign(key, tree, **{param.name: wrong})


@pytest.mark.parametrize("key", EVERY)
def test_a_trace_without_steps_breaks_nothing(key):
    at_root = {"outcome": [1, None], "budget_scores": [0, 1, 1], "plan_id": "P", "retry_of": "a1"}
    tree = Tree.from_records([FULL[0] | at_root, *FULL[1:]])
    for params in ({}, *({one.param: one.value} for one in METHODS[key].also)):
        result = assign(key, tree, **params)
        assert math.isnan(result.per_node[0])
        if result.per_trace is not None:
            assert len(result.per_trace["r"]) == 0
    assert len(assign(key, Tree.from_records([FULL[0] | at_root])).per_node) == 1


@pytest.mark.parametrize("key", EVERY)
def test_unknown_cells_of_any_column_are_harmless(key):
    """Every other cell of every column is missing, the outcomes too: no error and no infinity."""
    rows = [
        {
            name: None if at % 2 and name not in {"id", "parent", "text"} else cell
            for name, cell in record.items()
        }
        for at, record in enumerate(FULL)
    ]
    found = assign(key, Tree.from_records(rows))
    assert not np.isinf(found.per_node).any()
    for end in found.per_trace or ():
        assert not np.isinf(found.per_trace[end]).any()
    nothing = [
        {k: None if k not in {"id", "parent", "text"} else v for k, v in record.items()}
        for record in FULL
    ]
    assert not np.isinf(assign(key, Tree.from_records(nothing)).per_node).any()


@pytest.mark.parametrize("key", EVERY)
@pytest.mark.parametrize("wild", [-math.inf, math.inf, math.nan])
def test_scores_that_are_no_numbers_are_harmless(key, wild):
    rows = [
        record
        | ({"score": wild, "step_reward": wild, "critic": wild} if at % 3 == 1 else {})
        | ({"scores": [wild, 0.5, wild]} if at % 3 == 1 else {})
        for at, record in enumerate(FULL)
    ]
    for params in ({}, *({one.param: one.value} for one in METHODS[key].also)):
        assert not np.isinf(assign(key, Tree.from_records(rows), **params).per_node).any()


@pytest.mark.parametrize("key", EVERY)
def test_long_texts_and_states_change_no_number(key):
    rows = [record | {"text": record["text"] + " door" * 10} for record in FULL]
    want = assign(key, Tree.from_records(rows)).per_node
    if key == "kg_path":  # it reads the texts: long ones of one word are another answer
        return
    long = "x" * 10_000_000
    rows = [
        record
        | {"text": record["text"] + (long if at == 3 else "")}
        | ({"state": record["state"] + long} if at in {3, 4} else {})
        for at, record in enumerate(FULL)
    ]
    np.testing.assert_allclose(assign(key, Tree.from_records(rows)).per_node, want)


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="leaf_value, child_value"):
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
