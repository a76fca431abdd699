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
from tests.scoring.credit.data import FORK

EVERY = [pytest.param(row.key, id=row.key) for row in METHODS.values()]


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
