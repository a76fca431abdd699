"""Multi-agent GRPO: each agent against its own kind (a reconstruction)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import Passes, credit_by_cell
from scoring.credit.columns import codes
from scoring.credit.groups import group, notes_with_rest
from scoring.credit.moments import moments
from scoring.credit.returns import Rewards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, IntArray, Tree


def credit(tree: Tree, *, ddof: int, eps: float, single: str, rewards: str) -> Credit:
    """Return the trace's GRPO advantage on the main agent's steps, its call's on a sub-agent's.

    The main agent is the one of a trace's first step. A call is a run of steps of one other agent;
    its reward is the trace's outcome plus, with ``rewards="with_steps"``, what its own steps earned;
    it is standardised over all calls of that agent in the problem. Published code pads or cuts the
    groups of calls to one size; here each counts.

    Returns:
        Standard deviations, signed.

    Source: M-GRPO for deep research (AQ-MedAI/MrlX), whose advantage code is not public; not
    multi-turn GRPO, nor momentum GRPO.
    """
    stats = group(tree, ddof=ddof, single=single)
    given = Rewards(tree, rewards)
    if stats.flat:
        main = np.where(stats.known, 0.0, np.nan)
    else:
        main = (tree.outcomes - stats.mean) / (stats.std + eps)
    role, _ = codes(tree.agent)
    passes = Passes(tree)

    def parts() -> Iterator[tuple[IntArray, FloatArray]]:
        for cells in passes:
            at, _, is_main, reward = _calls(tree, cells, role, given)
            yield np.where(is_main, -1, role[cells.node[at]]), reward

    calls = moments(parts, len(tree), ddof=ddof)

    def values(cells: Cells) -> FloatArray:
        at, lengths, is_main, reward = _calls(tree, cells, role, given)
        keys = role[cells.node[at]]
        found = calls.scores(keys, reward, eps=eps)
        if single == "unit":
            found = np.where(calls.count[keys] == 1, reward / (1.0 + eps), found)
        return np.repeat(np.where(is_main, main[cells.traces[cells.row[at]]], found), lengths)

    only = len(set(tree.agent[1:].tolist())) < 2
    notes = ("one agent only: these are GRPO's numbers",) if only else ()
    more = tuple(note for note in given.notes if note not in stats.notes)
    first = stats.notes
    alone = calls.mean[calls.count == 1] if single == "unit" else np.empty(0)
    if (calls.std > 0).any() or alone.any():
        first = notes_with_rest(first, "the calls of other agents")
    return credit_by_cell(tree, values, (*first, *more, *notes), passes)


def _calls(
    tree: Tree, cells: Cells, role: IntArray, given: Rewards
) -> tuple[IntArray, IntArray, np.ndarray, FloatArray]:
    """Return where each run of one agent's steps begins, its length, whose it is and its reward."""
    roles = role[cells.node]
    starts = cells.step == 0
    starts[1:] |= roles[1:] != roles[:-1]
    at = np.flatnonzero(starts)
    lengths = np.diff(np.append(at, len(cells)))
    row = cells.row[at]
    is_main = roles[at] == roles[cells.first[:-1][row]] if len(at) else np.zeros(0, np.bool_)
    own = np.add.reduceat(given.steps[cells.node], at) if len(at) else np.zeros(0)
    return at, lengths, is_main, own + tree.outcomes[cells.traces[row]]
