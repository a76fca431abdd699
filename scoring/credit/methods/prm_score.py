"""The stored step score, shown as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit

if TYPE_CHECKING:
    from scoring.tree import Tree


def credit(tree: Tree) -> Credit:
    """Return the score column unchanged: ``(N,)`` in whatever unit it was stored, NaN = unscored."""
    unscored = int(np.isnan(tree.score[1:]).sum())
    notes = (f"{unscored} of {len(tree) - 1} steps have no score",) if unscored else ()
    return Credit(tree.score, None, notes)
