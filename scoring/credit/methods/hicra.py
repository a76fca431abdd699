"""HICRA: the credit of planning steps moves up by a share of its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import IN_DEVIATIONS, Credit, TraceTable
from scoring.credit.groups import at_ends, group, through

if TYPE_CHECKING:
    from scoring.tree import Tree

EPS = 1e-6
PLAN = "plan"


def credit(tree: Tree, *, alpha: float, base: str) -> Credit:
    """Return ``A + alpha · |A|`` on steps of level "plan", else ``A``.

    So praise grows and blame shrinks. The base ``A`` is ``r − mean(r)`` ("centered") or that in
    sample deviations ("grpo", eps 1e-6).

    Returns:
        Outcome units ("centered") or standard deviations ("grpo"), signed.

    Source: arXiv 2509.03646, as in notes and two reimplementations.
    """
    stats = group(tree)
    if stats.flat:
        advantage = np.where(stats.known, 0.0, np.nan)
    else:
        advantage = tree.outcomes - stats.mean
        if base == "grpo":
            advantage = advantage / (stats.std + EPS)
    more = alpha * (tree.level == PLAN)
    at_end, size_at_end = at_ends(tree, advantage), at_ends(tree, np.abs(advantage))
    table = TraceTable(tree, lambda end, path: at_end[end] + more[path] * size_at_end[end])
    notes = [] if base == "centered" else [IN_DEVIATIONS]
    if alpha and not more[1:].any():
        notes.append("no step is a plan: these are the base's numbers")
    found = through(tree, advantage) + more * through(tree, np.abs(advantage))
    return Credit(found, table, (*stats.notes, *notes))
