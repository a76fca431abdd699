"""HiMAC: plans against plans, executions against executions of the same plan (a reconstruction)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit, TraceTable
from scoring.credit.columns import codes, column
from scoring.credit.groups import at_ends, group, through
from scoring.credit.moments import moments_of
from scoring.credit.recurrences import nearest

if TYPE_CHECKING:
    from scoring.tree import Tree

PLAN = "plan"


def credit(tree: Tree, *, ddof: int, eps: float) -> Credit:
    """Return the macro advantage on steps of level "plan", the micro advantage on the others.

    A trace's plan is the ``plan_id`` closest to its end, at its end node or above. Macro: the mean
    outcome of a plan's traces, standardised over the plans of the problem, each counted once. Micro:
    the trace's outcome, standardised over the traces of the same plan.

    Returns:
        Standard deviations, signed; 0 for a group of one. A trace without a plan has no value.

    Source: arXiv 2603.00977. No formula was found; this is the nearest reading of the abstract.
    """
    stats = group(tree, single="zero")
    plan_of_node, plans = codes(column(tree, "plan_id"))
    where = nearest(tree, plan_of_node >= 0)[tree.ends]
    plan = np.where(where < 0, -1, plan_of_node[where])
    executions = moments_of(plan, tree.outcomes, plans, ddof=ddof)
    micro = executions.scores(plan, tree.outcomes, eps=eps)
    all_plans = np.zeros(max(1, plans), np.int64)
    macro = moments_of(all_plans, executions.mean, 1, ddof=ddof).scores(
        all_plans, executions.mean, eps=eps
    )[plan]
    macro = np.where((plan < 0) | ~stats.known, np.nan, macro)
    planning = tree.level == PLAN
    found = np.where(planning, through(tree, macro), through(tree, micro))
    macro_at_end, micro_at_end = at_ends(tree, macro), at_ends(tree, micro)
    table = TraceTable(
        tree, lambda end, path: np.where(planning[path], macro_at_end[end], micro_at_end[end])
    )
    return Credit(found, table, (*stats.notes, *_notes(tree, plan, executions.count)))


def _notes(tree: Tree, plan: np.ndarray, count: np.ndarray) -> list[str]:
    notes = []
    without, alone = int((plan < 0).sum()), int((count == 1).sum())
    if without:
        notes.append(f"{without} of {len(plan)} traces have no plan")
    if alone:
        notes.append(f"plans carried out once, without signal below: {alone}")
    if (count > 0).sum() == 1:
        notes.append("one plan only: no signal between plans")
    if not (tree.level[1:] == PLAN).any():
        notes.append("no step is a plan: these are the numbers of executions")
    return notes
