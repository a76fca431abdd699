"""Monte Carlo value: how often continuations from a step succeed, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit
from scoring.credit.groups import below, leaf_values
from scoring.credit.inputs import INPUTS
from scoring.credit.intervals import beta, wilson
from scoring.errors import MissingInputError

if TYPE_CHECKING:
    from scoring.tree import FloatArray, Tree

INTERVALS = {"wilson": wilson, "beta": beta}


def credit(tree: Tree, *, source: str, interval: str, level: float) -> Credit:
    """Return the share of successes from each step on, and how sure it is.

    "search" reads the columns ``value`` (the share) and ``visits`` (of how many); "traces" counts
    the traces through the step; "auto" takes the search's numbers where the source has them.

    Returns:
        ``(N,)`` shares, the same on every trace, NaN where nothing was counted; ``low`` and ``high``
        hold the interval, NaN where the share lies outside [0, 1].

    Raises:
        MissingInputError: neither a search's numbers nor outcomes are there.

    Source: Wilson 1927; Beta with the prior of Jeffreys.
    """
    searched = {"value", "visits"} <= tree.given
    if source == "auto" and not searched and "outcome" not in tree.given and len(tree) > 1:
        hint = f"{INPUTS['outcome']}; or {INPUTS['visits']}; {INPUTS['value']}"
        raise MissingInputError("monte_carlo", ("outcome", "visits", "value"), hint)
    value, count, note = _counted(
        tree, search=source == "search" or (source == "auto" and searched)
    )
    shares = (value >= 0) & (value <= 1)
    notes = [note]
    outside = int((np.isfinite(value[1:]) & ~shares[1:]).sum())
    if outside:
        notes.append(f"{outside} values are no shares of successes and have no interval")
    low, high = np.full(len(tree), np.nan), np.full(len(tree), np.nan)
    low[shares], high[shares] = INTERVALS[interval](value[shares], count[shares], level)
    return Credit(value, None, tuple(notes), low, high)


def _counted(tree: Tree, *, search: bool) -> tuple[FloatArray, FloatArray, str]:
    """Return shares and counts of each node, and where they come from."""
    if not search:
        _, count = below(tree, tree.outcomes)
        return leaf_values(tree), count.astype(np.float64), "counted: the traces through each step"
    visits: FloatArray = np.where(tree.visits > 0, tree.visits, np.nan)
    value = np.where(np.isfinite(visits), tree.value, np.nan)
    return value, visits, "counted: the visits of the search"
