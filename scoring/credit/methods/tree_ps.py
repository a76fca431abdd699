"""TreePS-RAG: the change of the leaf value, against one of three baselines (a reconstruction)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit
from scoring.credit.groups import below, group, leaf_values

if TYPE_CHECKING:
    from scoring.tree import Tree


def credit(tree: Tree, *, baseline: str) -> Credit:
    """Return the process advantage of each step from leaf values ``V``.

    "local" is ``V(n) − V(parent)``, "global" ``V(n) − V(problem)``, "treerl" their sum divided by
    ``sqrt(traces through n)``, as in TreeRL (arXiv 2506.11902, seen in other people's code).

    Returns:
        ``(N,)`` outcome units, signed, the same on every trace.

    Source: arXiv 2601.06922. The value is in the abstract; no formula of the advantage was found.
    """
    stats = group(tree, single="zero")
    value = leaf_values(tree)
    if stats.flat:
        return Credit(np.where(np.isfinite(value), 0.0, np.nan), None, stats.notes)
    local = np.full(len(tree), np.nan)
    local[1:] = value[1:] - value[tree.parent[1:]]
    everywhere = value - value[0]
    if baseline == "local":
        return Credit(local, None, stats.notes)
    if baseline == "global":
        return Credit(everywhere, None, stats.notes)
    _, traces = below(tree, tree.outcomes)
    return Credit((local + everywhere) / np.sqrt(np.maximum(1, traces)), None, stats.notes)
