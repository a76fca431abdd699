"""SPO on a tree: a segment's value against its siblings'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import IN_DEVIATIONS, Credit
from scoring.credit.groups import at_ends, group
from scoring.credit.moments import moments_of
from scoring.credit.recurrences import child_values

if TYPE_CHECKING:
    from scoring.tree import Tree

EPS = 1e-8


def credit(tree: Tree, *, mode: str) -> Credit:
    """Return ``A(c) = V(c) − V(parent)`` with ``V`` the child value.

    "grpo" divides by the siblings' population deviation + 1e-8. Traces that end at the parent are
    one sibling more.

    Returns:
        ``(N,)`` outcome units ("rloo") or standard deviations ("grpo"), signed, the same on every
        trace; 0 for an only child.

    Source: arXiv 2505.23564, AIFrameResearch/SPO at b9fc6a2.
    """
    stats = group(tree, single="zero")
    value = child_values(tree)
    keys = np.concatenate([tree.parent[1:], np.arange(len(tree))])
    siblings = moments_of(
        keys, np.concatenate([value[1:], at_ends(tree, tree.outcomes)]), len(tree)
    )
    found = np.full(len(tree), np.nan)
    if mode == "rloo":
        found[1:] = siblings.centered(tree.parent[1:], value[1:])
        return Credit(found, None, stats.notes)
    found[1:] = siblings.scores(tree.parent[1:], value[1:], eps=EPS)
    return Credit(found, None, (*stats.notes, IN_DEVIATIONS))
