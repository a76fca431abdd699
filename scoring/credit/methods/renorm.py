"""ReNorm of PPR: the outcome decides the sign, the step's score the size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.columns import missing_traces, step_scores
from scoring.credit.groups import spread_with_steps

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.tree import Tree

OUTSIDE = "some scores or outcomes are outside 0 to 1, where the sign no longer follows the outcome"


def credit(tree: Tree, *, maximum: float) -> Credit:
    """Return ``p_k + o − 1`` with ``p_k`` the step's score divided by its ``maximum``.

    With both in [0, 1], a solved trace (o = 1) gives a step its score, a failed one (o = 0) its
    score less 1: one half is taken from each.

    Returns:
        Score units, signed, by step and trace; no value for a step without a score or a trace
        without an outcome.

    Source: arXiv 2509.25598; that one half is taken from both is confirmed by a review.
    """
    scores, notes = step_scores(tree)
    share = scores / maximum
    known = np.isfinite(tree.outcomes)
    notes += missing_traces(known, "known outcome")
    seen = np.concatenate([share[1:][np.isfinite(share[1:])], tree.outcomes[known]])
    if len(seen) and (seen.min() < 0 or seen.max() > 1):
        notes += (OUTSIDE,)
    return spread_with_steps(tree, tree.outcomes, share - 1.0, notes)
