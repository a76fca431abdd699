"""VeRPO: dense rewards from unit tests, each weighed by how hard and how rare it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import lists, missing_traces, wrong
from scoring.credit.groups import below
from scoring.credit.moments import ROUNDING
from scoring.credit.suffixes import next_marked
from scoring.credit.traces import centre

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.credit.columns import BoolArray
    from scoring.tree import FloatArray, Tree

FLAT = "no signal: all traces pass the same tests in the same turns"


def credit(
    tree: Tree, *, alpha: float, sigma: float, delta: float, beta: float, gamma: float
) -> Credit:
    """Return ``(R_traj − mean) + beta · (R_turn − mean over all turns)`` by step and trace.

    With ``ρ_j`` the pass rate of test j over the group's turns:
    ``w_j = exp(−alpha ρ_j) / (Σ_j' exp(−(ρ_j − ρ_j')² / 2 sigma²) + delta)``,
    ``R_turn = Σ_j w_j x_j`` and ``R_traj = gamma^turns`` if the last turn passes every test, else 0.

    A turn ends at a node with ``tests`` (a list of passed and failed, the same tests at every node)
    and begins after the one before. A trace without tests at its end is left out.

    Returns:
        Reward units, signed; not divided by a deviation.

    Source: arXiv 2601.03525, Eqs. 7–14 as quoted in notes. The values of the five constants were
    not seen; the defaults are ours.
    """
    results = _results(tree)  # (N, J)
    turn: BoolArray = np.isfinite(results).any(axis=1).reshape(-1)
    passed = _passed(tree, results, turn)
    counted = np.isfinite(passed)
    notes = missing_traces(counted, "known tests at their end")
    if not counted.any():
        return credit_by_cell(tree, lambda cells: np.full(len(cells), np.nan), notes)
    times = np.where(turn, below(tree, passed)[1], 0).astype(
        np.float64
    )  # (N,) counted traces through each turn's node
    per_turn: FloatArray = np.nan_to_num(results) @ _weights(results, times, alpha, sigma, delta)
    mean = float(times @ per_turn / times.sum())
    whole = passed * gamma ** _marked_above(tree, turn)[tree.ends]
    whole_advantage = centre(whole)
    turn_advantage = per_turn - mean
    seen = per_turn[times > 0]
    if np.ptp(seen) <= ROUNDING * np.abs(seen).max():
        turn_advantage = np.zeros(len(tree))
        notes += (FLAT,) if not np.nansum(np.abs(whole_advantage)) else ()

    def values(cells: Cells) -> FloatArray:
        at = next_marked(cells, turn[cells.node])
        own = np.where(at >= 0, turn_advantage[cells.node[at]], np.nan)
        return np.asarray(whole_advantage[cells.trace] + beta * own)

    return credit_by_cell(tree, values, notes)


def _results(tree: Tree) -> FloatArray:
    """Return ``(N, J)`` 1 passed, 0 failed, NaN unknown or no tests at the node."""
    found = lists(tree, "tests")
    size = int(found.lengths.max(initial=0))
    other = np.flatnonzero((found.lengths > 0) & (found.lengths != size))
    if len(other):
        at = int(other[0])
        raise wrong(tree, "tests", at, f"the results of {size} tests, as elsewhere")
    bad = np.flatnonzero(np.isfinite(found.values) & (found.values != 0) & (found.values != 1))
    if len(bad):
        at = int(found.owner[bad[0]])
        raise wrong(tree, "tests", at, "a list of true and false (1 and 0)")
    table = np.full((len(tree), size), np.nan)
    table[found.owner, found.place] = found.values
    return table


def _passed(tree: Tree, results: FloatArray, turn: BoolArray) -> FloatArray:
    """Return ``(T,)`` whether the test at each trace's end all pass, NaN if that is not known."""
    last = results[tree.ends]
    failed = (last == 0).any(axis=1)
    known = turn[tree.ends] & (failed | np.isfinite(last).all(axis=1))
    return np.where(known, ~failed, np.nan)


def _weights(
    results: FloatArray, times: FloatArray, alpha: float, sigma: float, delta: float
) -> FloatArray:
    """Return ``(J,)`` weights: large for tests that few turns pass, small for one of many alike."""
    known = times @ np.isfinite(results)
    rate = (times @ np.nan_to_num(results)) / np.maximum(known, 1.0)
    alike = np.exp(-((rate[:, None] - rate) ** 2) / (2 * sigma**2)).sum(axis=1)
    return np.asarray(np.exp(-alpha * rate) / (alike + delta))


def _marked_above(tree: Tree, marked: BoolArray) -> FloatArray:
    """Return ``(N,)`` how many marked nodes lie on the way down to each node, itself included."""
    change = np.zeros(len(tree) + 1, np.int64)
    change[:-1] += marked
    np.subtract.at(change, tree.subtree_end[marked], 1)
    return np.cumsum(change)[:-1].astype(np.float64)
