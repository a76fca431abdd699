"""Log-probability ratios of a policy to its reference, by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.columns import Lists, lists, missing_steps, wrong

if TYPE_CHECKING:
    from scoring.tree import FloatArray, Tree


def log_ratios(tree: Tree) -> tuple[FloatArray, tuple[str, ...]]:
    """Return ``(N,)`` ``Σ_t log π(t) − log π_ref(t)`` over each step's tokens, and notes.

    The columns ``logp`` and ``logp_ref`` hold a step's token log-probabilities or their sum; NaN
    where either is missing, at one token or at all.

    Raises:
        ColumnError: for cells that are neither, or two lists of different length.
    """
    policy, reference = lists(tree, "logp"), lists(tree, "logp_ref")
    same_tokens(tree, policy, reference, "logp_ref", alone=True)
    found = policy.sums() - reference.sums()
    return found, missing_steps(found, "log-probabilities of both models")


def same_tokens(tree: Tree, one: Lists, other: Lists, name: str, *, alone: bool = False) -> None:
    """Refuse lists of different length at a node; ``alone`` lets one number stand for any.

    Raises:
        ColumnError: names the node and ``name``, the column of ``other``.
    """
    differ = (one.lengths != other.lengths) & (one.lengths > 0) & (other.lengths > 0)
    if alone:
        differ &= (one.lengths > 1) & (other.lengths > 1)
    if differ.any():
        at = int(np.flatnonzero(differ)[0])
        raise wrong(tree, name, at, f"a list of {one.lengths[at]} numbers, one for each token")
