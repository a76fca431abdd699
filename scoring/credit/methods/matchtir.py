"""MatchTIR: tool calls matched with the calls of a reference solution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.credit.cells import Passes, credit_by_cell
from scoring.credit.columns import column, wrong
from scoring.credit.groups import group
from scoring.credit.moments import moments_of
from scoring.credit.recurrences import backwards
from scoring.credit.suffixes import next_marked
from scoring.credit.traces import standardise

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.credit.columns import BoolArray
    from scoring.tree import FloatArray, IntArray, Tree

Call = tuple[str, Mapping[str, Any]]
CALLS = "a list of calls, each with a 'name' and 'parameters'"


def credit(
    tree: Tree, *, matching: str, gamma: float, ddof: int, eps: float, single: str
) -> Credit:
    """Return ``½ (GRPO of the traces' totals + GRPO of the returns among turns of one number)``.

    A turn ends at a step with ``calls`` and is rewarded by the mean similarity of its calls to the
    ``gold_calls`` they are matched with, 0 for a call without match; the last turn ends the trace
    and is rewarded by the outcome besides. Returns are discounted by ``gamma`` a turn, totals are
    not. Every call of the reference is matched once at most: "greedy" takes the most similar pair
    again and again, "optimal" the matching of the largest sum.

    Returns:
        Standard deviations, signed, by step and trace; a step without calls has its turn's value.

    Raises:
        ColumnError: for calls that cannot be read.

    Source: quchangle1/MatchTIR, whose code is greedy where the paper says optimal.
    """
    gold = _calls(tree, "gold_calls", 0)
    stats = group(tree, ddof=ddof, single=single)
    if gold is None:
        notes = ("the problem has no calls of a reference", *stats.notes)
        return credit_by_cell(tree, lambda cells: np.full(len(cells), np.nan), notes)
    turns = _Turns(tree, gold, _MATCHINGS[matching], gamma)
    totals = np.full(len(tree.ends), np.nan)
    numbers, returns = [np.empty(0, np.int64)], [np.empty(0)]
    passes = Passes(tree)
    for block in passes:
        found = turns(block)
        totals[block.traces] = found.totals
        numbers.append(found.number[found.known])
        returns.append(found.returns[found.known])
    whole = standardise(totals, ddof=ddof, eps=eps, single=single)
    number = np.concatenate(numbers)
    turn = moments_of(number, np.concatenate(returns), int(number.max(initial=-1)) + 1, ddof=ddof)
    kept = (turn.count == 1) & (single == "unit")  # alone with its number: kept as it is
    notes = tuple(note for note in stats.notes if "no signal" not in note)
    if not np.nansum(np.abs(whole)) and not (kept | (turn.std > 0)).any():
        notes += ("no signal: all traces have the same rewards",)

    def values(cells: Cells) -> FloatArray:
        found = turns(cells)
        compared = turn.scores(found.number, found.returns, eps=eps)
        by_turn = np.where(kept[found.number], found.returns / (1.0 + eps), compared)
        by_turn = np.append(by_turn, np.nan)  # of no turn
        return np.asarray(0.5 * (whole[cells.trace] + by_turn[found.turn_of]))

    return credit_by_cell(tree, values, notes, passes)


class _Found:
    """The turns of some traces: ``number``, ``returns`` and ``known`` by turn, one after another."""

    def __init__(self, cells: Cells, rewards: FloatArray, gamma: float) -> None:
        turn = np.isfinite(rewards)
        last = np.cumsum(turn) - 1  # the turn that each turn's cell is
        at = next_marked(cells, turn)
        self.turn_of = np.where(at >= 0, last[at], -1)
        row = cells.row[turn]
        begins = np.searchsorted(row, np.arange(len(cells.traces)))
        self.number: IntArray = np.arange(len(row)) - begins[row]
        ends = np.diff(row, append=-1) != 0
        self.returns = backwards(rewards[turn], np.where(ends, 0.0, gamma))
        self.known: BoolArray = np.isfinite(self.returns)
        count = np.bincount(row, minlength=len(cells.traces))
        total = np.bincount(row, rewards[turn], minlength=len(cells.traces))
        self.totals = np.where(count > 0, total, np.nan)


class _Turns:
    """Rewards of the turns of any cells; matched once for all traces that end at one node."""

    def __init__(
        self,
        tree: Tree,
        gold: list[Call],
        match: Callable[[FloatArray], FloatArray],
        gamma: float,
    ) -> None:
        self.tree = tree
        self.match = match
        self.gamma = gamma
        self.similar: dict[int, FloatArray] = {}
        for at in np.flatnonzero(column(tree, "calls") != None).tolist():  # noqa: E711 by cell
            calls = _calls(tree, "calls", at)
            if calls:
                rows = [[_similarity(call, other) for other in gold] for call in calls]
                self.similar[at] = np.array(rows, np.float64).reshape(len(calls), len(gold))
        self.matched: dict[int, FloatArray] = {}
        self.latest: tuple[Cells, _Found] | None = None

    def __call__(self, cells: Cells) -> _Found:
        """Return the turns of the traces with a known outcome; the others have none."""
        if self.latest is None or self.latest[0] is not cells:
            self.latest = (cells, self._found(cells))
        return self.latest[1]

    def _found(self, cells: Cells) -> _Found:
        rewards = np.full(len(cells), np.nan)
        outcomes = self.tree.outcomes[cells.traces]
        for row in np.flatnonzero(np.isfinite(outcomes) & (cells.lengths > 0)).tolist():
            first, stop = cells.first[row], cells.first[row + 1]
            end = int(cells.node[stop - 1])
            if end not in self.matched:
                self.matched[end] = self._rewards(cells.node[first:stop])
            rewards[first:stop] = self.matched[end]
            rewards[stop - 1] = np.nan_to_num(rewards[stop - 1]) + outcomes[row]
        return _Found(cells, rewards, self.gamma)

    def _rewards(self, path: IntArray) -> FloatArray:
        """Return ``(steps,)`` mean similarity of each step's calls, NaN where it has none."""
        rewards = np.full(len(path), np.nan)
        steps = [step for step, at in enumerate(path.tolist()) if at in self.similar]
        if not steps:
            return rewards
        tables = [self.similar[int(path[step])] for step in steps]
        reward = self.match(np.concatenate(tables))
        edges = np.cumsum([0, *map(len, tables)])
        for step, first, stop in zip(steps, edges[:-1], edges[1:], strict=True):
            rewards[step] = reward[first:stop].mean()
        return rewards


def _similarity(call: Call, gold: Call) -> float:
    """Return how alike two calls are: 0 for other tools, 1 for the same call.

    Two calls without any parameters have the same names of them (our reading of 0/0).
    """
    if call[0] != gold[0]:
        return 0.0
    names = call[1].keys() | gold[1].keys()
    both = call[1].keys() & gold[1].keys()
    alike = len(both) / len(names) if names else 1.0
    equal = sum(bool(call[1][name] == gold[1][name]) for name in both)
    return (1.0 + alike + equal) / (2.0 + len(gold[1]))


def _greedy(similar: FloatArray) -> FloatArray:
    """Return each row's similarity to the column it got, best pair first; 0 = none left."""
    reward = np.zeros(len(similar))
    rows: set[int] = set()
    columns: set[int] = set()
    width = similar.shape[1]
    for place in np.argsort(-similar, axis=None, kind="stable").tolist():  # ties: first call first
        row, other = divmod(place, width)
        if row not in rows and other not in columns:
            rows.add(row)
            columns.add(other)
            reward[row] = similar[row, other]
    return reward


def _optimal(similar: FloatArray) -> FloatArray:
    """Return each row's similarity in the matching of the largest sum."""
    from scipy.optimize import linear_sum_assignment  # heavy, and rarely asked for

    reward = np.zeros(len(similar))
    rows, columns = linear_sum_assignment(similar, maximize=True)
    reward[rows] = similar[rows, columns]
    return reward


_MATCHINGS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "greedy": _greedy,
    "optimal": _optimal,
}


def _calls(tree: Tree, name: str, at: int) -> list[Call] | None:
    """Return one cell's calls, None if it is missing; a call alone is a list of one."""
    cell = column(tree, name)[at]
    if cell is None:
        return None
    if isinstance(cell, Mapping):
        cell = [cell]
    if not isinstance(cell, list | tuple):
        raise wrong(tree, name, at, CALLS)
    found = []
    for call in cell:
        parameters = call.get("parameters") if isinstance(call, Mapping) else False
        if parameters is None:
            parameters = {}
        if not isinstance(parameters, Mapping) or not isinstance(call.get("name"), str):
            raise wrong(tree, name, at, CALLS)
        found.append((call["name"], parameters))
    return found
