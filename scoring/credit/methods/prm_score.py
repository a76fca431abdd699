"""The stored step score, shown as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.credit.base import Credit
from scoring.credit.columns import step_scores

if TYPE_CHECKING:
    from scoring.tree import Tree


def credit(tree: Tree) -> Credit:
    """Return the score column unchanged: ``(N,)`` in whatever unit it was stored.

    A score that is missing, infinite or no number is NaN, and counted in the note.
    """
    scores, notes = step_scores(tree)
    return Credit(scores, None, notes)
