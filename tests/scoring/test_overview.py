"""Overviews of trees: quantiles by depth, first errors, shares of right traces."""

from __future__ import annotations

import numpy as np

from scoring.overview import NONE, UNKNOWN, bands, first_errors, histogram, shares_right
from scoring.tree import Tree

NAN = float("nan")
# a chain 1-2-3 with a branch 4 below 1, and 5 below the problem
DEPTH = np.array([0, 1, 2, 3, 2, 1])
ENDS = np.array([3, 4, 5])


def test_first_errors_are_those_of_each_path():
    values = np.array([NAN, 1.0, 0.2, 0.1, 0.9, 0.0])
    assert first_errors(DEPTH, ENDS, values, 0.5).tolist() == [2, NONE, 1]
    values[1] = NAN  # not known before the error: no first error
    assert first_errors(DEPTH, ENDS, values, 0.5).tolist() == [UNKNOWN, UNKNOWN, 1]
    values[1:4] = 0.4, NAN, NAN  # not known behind it does not matter
    assert first_errors(DEPTH, ENDS, values, 0.5).tolist() == [1, 1, 1]


def test_first_errors_are_those_of_a_walk_along_each_path():
    rng = np.random.default_rng(0)
    depth = np.zeros(400, int)
    for at in range(1, 400):
        depth[at] = rng.integers(1, depth[at - 1] + 2)
    values = rng.random(400)
    values[rng.random(400) < 0.1] = NAN
    tree = Tree.from_columns(ids=range(400), depth=depth, ends=np.arange(1, 400))
    wanted = []
    for path in tree.paths():
        told = NONE
        for place, value in enumerate(values[path], 1):
            if np.isnan(value) or value < 0.3:
                told = UNKNOWN if np.isnan(value) else place
                break
        wanted.append(told)
    assert first_errors(depth, np.arange(1, 400), values, 0.3).tolist() == wanted


def test_a_histogram_counts_every_trace_once():
    found = histogram([np.array([1, 1, 3]), np.array([NONE, UNKNOWN])], 3)
    assert [count for _, _, count in found.bars] == [2, 0, 1]
    assert (found.none, found.unknown, found.n) == (1, 1, 4)
    wide = histogram([np.array([1, 100])], 100)
    assert len(wide.bars) <= 30
    assert sum(count for _, _, count in wide.bars) == 2
    assert histogram([], 0).n == 0


def test_bands_hold_every_value_once_and_leave_gaps_out():
    depth = np.array([0, 1, 1, 2, 100])
    found = bands(depth, np.array([9.0, 0.0, 1.0, NAN, 5.0]))
    assert sum(band.n for band in found) == 3
    assert found[0].quantiles[2] == 0.5
    assert found[-1].first <= 100 <= found[-1].last
    assert bands(depth, np.full(5, NAN)) == []


def test_shares_are_over_the_traces_through_a_step_with_a_known_outcome():
    outcomes = np.array([1.0, 0.0, NAN])
    shares = shares_right(DEPTH, ENDS, outcomes, 0.5)
    assert np.allclose(shares, [NAN, 0.5, 1.0, 1.0, 0.0, NAN], equal_nan=True)
