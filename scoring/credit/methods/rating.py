"""Rating: what was said of each step, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.credit.base import Credit
from scoring.credit.columns import missing_steps, ratings

if TYPE_CHECKING:
    from scoring.tree import Tree


def credit(tree: Tree) -> Credit:
    """Return the column ``label``: above 0 right, below 0 or false wrong, 0 neither; NaN = none.

    Returns:
        The label of each step, signed, the same on every trace.
    """
    values = ratings(tree)
    return Credit(values, None, missing_steps(values, "rating"))
