"""Sibling-GRPO: each branch against the other branches of its fork."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit
from scoring.credit.groups import group, leaf_values
from scoring.credit.moments import moments_of

if TYPE_CHECKING:
    from scoring.tree import Tree


def credit(tree: Tree, *, eps: float) -> Credit:
    """Return ``A(c) = (R(c) − mean R) / (std R + eps)`` over the children of one step.

    ``R`` is the leaf value; mean and population deviation run over the siblings that have one,
    each counted once.

    Returns:
        ``(N,)`` standard deviations, signed, the same on every trace; 0 where a step has no sibling
        with a value: nothing to be compared with, which a note counts.

    Source: V-STAR, arXiv 2602.10699, official code.
    """
    stats = group(tree, single="zero")
    value = leaf_values(tree)[1:]
    siblings = moments_of(tree.parent[1:], value, len(tree))
    found = np.full(len(tree), np.nan)
    found[1:] = siblings.scores(tree.parent[1:], value, eps=eps)
    alone = int((np.isfinite(value) & (siblings.count[tree.parent[1:]] == 1)).sum())
    steps = len(tree) - 1
    notes = (f"{alone} of {steps} steps have no sibling: 0 there means no signal",) if alone else ()
    return Credit(found, None, (*stats.notes, *notes))
