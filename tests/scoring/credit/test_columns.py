"""Columns as arrays: what a cell may hold, and how one that cannot be read is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.columns import lists, missing_steps, numbers
from scoring.errors import ColumnError
from scoring.tree import Tree
from tests.scoring.credit.data import FULL
from tests.scoring.credit.trees import step, tree


def column(*cells):
    return tree(*(step(f"s{i}", x=cell) for i, cell in enumerate(cells)), x=None)


def test_numbers_take_every_kind_of_number_and_nothing_else():
    found = numbers(column(1, 2.5, True, np.float32(0.5), None, math.inf, 10**400), "x")
    want = [math.nan, 1, 2.5, 1, 0.5, math.nan, math.nan, math.nan]
    assert found.tolist() == pytest.approx(want, nan_ok=True)
    assert missing_steps(found, "x") == ("3 of 7 steps have no x",)
    assert np.isnan(numbers(column(1), "y")).all()


def test_lists_take_numbers_lists_and_arrays():
    found = lists(column([1, 2], 3, None, [], (4, None), np.array([5.0, math.nan])), "x")
    assert found.lengths.tolist() == [0, 2, 1, 0, 0, 2, 2]
    sums = [math.nan, 3, 3, math.nan, math.nan, math.nan, math.nan]
    assert found.sums().tolist() == pytest.approx(sums, nan_ok=True)
    assert found.means()[1] == 1.5
    assert found.reduce(np.fmin)[5:].tolist() == [4, 5]
    assert found.edge(0)[1:3].tolist() == [1, 3]
    assert found.edge(-1)[1:3].tolist() == [2, 3]
    assert found.place.tolist() == [0, 1, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("cell", ["1", {}, [1], 1j, object])
def test_a_cell_that_is_no_number_names_column_and_node(cell):
    with pytest.raises(ColumnError, match="column 'x' of 's1' must be a number"):
        numbers(column(1, cell), "x")


@pytest.mark.parametrize("cell", ["1", {}, [1, "2"], [[1]], "x" * 10**6])
def test_a_cell_that_is_no_list_names_column_and_node(cell):
    with pytest.raises(ColumnError, match="column 'x' of 's2' must be a number or a list") as found:
        lists(column([1], None, cell), "x")
    assert len(str(found.value)) < 200


WRONG = [
    ("gigpo", "step_reward", "much", {"rewards": "with_steps"}),
    ("hiper", "critic", "0.5", {"critic": "column"}),
    ("shaping", "label", [1], {"potential": "label"}),
    ("brpo", "budget_scores", [1, "2"], {}),
    ("tp_grpo", "label", "good", {}),
    ("par", "ref_scores", "high", {}),
    ("wco", "scores", [1, "2"], {}),
    ("uwo", "scores", {"model": 1}, {}),
    ("grounded_prm", "checks", 0.5, {}),
    ("grounded_prm", "checks", "right", {}),
    ("verpo", "tests", [1, 0.5, 1], {}),
    ("verpo", "tests", [1], {}),
    ("verpo", "tests", "passed", {}),
    ("matchtir", "calls", "f(x)", {}),
    ("matchtir", "calls", ["f(x)"], {}),
    ("matchtir", "calls", [{"parameters": {}}], {}),
    ("matchtir", "calls", [{"name": "f", "parameters": [1]}], {}),
    ("matchtir", "gold_calls", 7, {}),
    ("kg_path", "kg_path", 7, {}),
    ("kg_path", "kg_path", [["a", "b", 3]], {}),
    ("implicit_prm", "logp", "-1", {}),
    ("dpo_credit", "logp_ref", [[-1]], {}),
    ("oprl", "logp", {}, {}),
    ("t_reg", "logp_better", "x", {}),
    ("likelihood", "answer_logp", [None, "x"], {}),
    ("oreo_residual", "logp_ref", "x", {}),
    ("poad", "value_tokens", ["x"], {}),
    ("poad", "step_reward", [1], {}),
    ("capo", "critiques", {"a1": 1}, {}),
    ("int", "first_error", "elsewhere", {}),
    ("sotopia", "attribution", "much", {}),
]
AT_THE_PROBLEM = {"ref_scores", "gold_calls", "kg_path"}


@pytest.mark.parametrize(("key", "name", "cell", "params"), WRONG)
def test_a_method_refuses_a_bad_cell_by_column_and_node(key, name, cell, params):
    node = "r" if name in AT_THE_PROBLEM else "a1"
    rows = [row | ({name: cell} if row["id"] == node else {}) for row in FULL]
    with pytest.raises(ColumnError, match=rf"'{name}' of '(a1|a2)'|'{name}' of 'r'"):
        assign(key, Tree.from_records(rows), **params)
