"""Numbers by step and trace: the cells of all traces, in blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.credit.cells import blocks, cells_of, credit_by_cell
from scoring.credit.groups import through
from scoring.tree import Tree

TREE = Tree.from_columns(
    ids=list("rabcdef"),
    depth=[0, 1, 2, 3, 2, 1, 2],
    ends=[3, 4, 0, 6, 3, 1],
    outcomes=[1.0, 0.0, 1.0, np.nan, 0.5, 2.0],
)


@pytest.mark.parametrize("size", [1, 4, 100])
def test_blocks_hold_every_trace_once_in_order(size):
    found = list(blocks(TREE, size=size))
    assert np.concatenate([one.traces for one in found]).tolist() == [0, 1, 2, 3, 4, 5]
    nodes = [part.tolist() for one in found for part in np.split(one.node, one.first[1:-1])]
    assert nodes == [[1, 2, 3], [1, 4], [], [5, 6], [1, 2, 3], [1]]


def test_a_cell_knows_its_trace_and_step():
    cells = cells_of(TREE, [4, 2, 1])
    assert cells.trace.tolist() == [4, 4, 4, 1, 1]
    assert cells.step.tolist() == [0, 1, 2, 0, 1]
    assert cells.lengths.tolist() == [3, 0, 2]


def test_sums_by_trace_and_to_the_end_of_the_trace():
    cells = cells_of(TREE, [0, 2, 1])
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert cells.reduce(np.add, values).tolist() == pytest.approx([7.0, np.nan, 24.0], nan_ok=True)
    assert cells.reduce(np.minimum, values)[0] == 1.0
    assert cells.suffix_sums(values).tolist() == [7.0, 6.0, 4.0, 24.0, 16.0]


def test_a_node_is_the_mean_of_its_cells_and_traces_with_one_end_share_a_row():
    credit = credit_by_cell(TREE, lambda cells: TREE.outcomes[cells.trace])
    np.testing.assert_allclose(credit.per_node[1:], through(TREE, TREE.outcomes)[1:])
    assert credit.per_trace["c"].tolist() == [0.75, 0.75, 0.75]
    assert np.isnan(credit.per_trace["f"]).all()
    assert credit.per_trace["r"].tolist() == []  # a trace that ends at the problem has no steps


def test_a_tree_without_traces_has_no_cells():
    alone = Tree.from_columns(ids=["r"], depth=[0])
    assert list(blocks(alone)) == []
    assert np.isnan(credit_by_cell(alone, lambda cells: cells.node * 1.0).per_node).all()
