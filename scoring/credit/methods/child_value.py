"""Child value: the mean of the children's values, from the leaves up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.credit.base import Credit
from scoring.credit.groups import group
from scoring.credit.recurrences import child_values

if TYPE_CHECKING:
    from scoring.tree import Tree


def credit(tree: Tree) -> Credit:
    """Return ``V(s) = mean(V(c) : c child of s)``, at a leaf the mean outcome of its traces.

    Every branch counts alike, however many traces it holds. Traces that end at an inner node are
    one child more; branches without a known outcome do not count.

    Returns:
        ``(N,)`` outcome units, the same on every trace; NaN where no trace below has an outcome.
    """
    unknown = [note for note in group(tree).notes if "no known outcome" in note]
    return Credit(child_values(tree), None, tuple(unknown))
