"""Leaf value: how often the traces through a step end well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.credit.base import Credit
from scoring.credit.groups import group, leaf_values

if TYPE_CHECKING:
    from scoring.tree import Tree


def credit(tree: Tree) -> Credit:
    """Return ``V(s)``, the mean outcome of the traces through each step.

    Duplicates count as often as they were sampled. On unbalanced trees this is not the mean of
    the children's values.

    Returns:
        ``(N,)`` outcome units, the same on every trace; NaN where no trace below has an outcome.
    """
    unknown = [note for note in group(tree).notes if "no known outcome" in note]
    return Credit(leaf_values(tree), None, tuple(unknown))
