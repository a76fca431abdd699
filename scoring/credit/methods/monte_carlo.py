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
MEAN_VALUE, MEAN_OUTCOME = "mean value of the visits", "mean outcome"
SOFT = "outcomes are not all 0 or 1: the interval is that of counts, and wide"
NO_SHARES = "some {} lie outside 0 to 1, so these are means and no shares of successes: no interval"


def credit(tree: Tree, *, source: str, interval: str, level: float) -> Credit:
    """Return the share of successes from each step on, and how sure it is.

    "search" reads the columns ``value`` (the share) and ``visits`` (of how many); "traces" counts
    the traces through the step; "auto" takes the search's numbers where the source has them. One outcome
    of a trace or one value of the search, the problem's included, outside [0, 1] tells that nothing
    here is a share: the numbers are then shown as the means that they are, without intervals, which
    are those of successes among trials. Outcomes between 0 and 1 spread less than successes of the
    same mean, so that the interval is wider than it need be; a note says so.

    Returns:
        ``(N,)`` shares or means, the same on every trace, NaN where nothing was counted; ``low`` and
        ``high`` hold the interval of a share, NaN elsewhere. ``unit`` says which of the two they are.

    Raises:
        MissingInputError: neither a search's numbers nor outcomes are there.

    Source: Wilson 1927; Beta with the prior of Jeffreys.
    """
    searched = {"value", "visits"} <= tree.given
    if source == "auto" and not searched and "outcome" not in tree.given and len(tree) > 1:
        hint = f"{INPUTS['outcome']}; or {INPUTS['visits']}; {INPUTS['value']}"
        raise MissingInputError("monte_carlo", ("outcome", "visits", "value"), hint)
    search = source == "search" or (source == "auto" and searched)
    value, count, note = _counted(tree, search=search)
    # Means can lie in [0, 1] though what they were made of does not.
    single = value if search else tree.outcomes
    single = single[np.isfinite(single)]
    known = np.isfinite(value)
    known[0] = False  # the problem is no step
    low, high = np.full(len(tree), np.nan), np.full(len(tree), np.nan)
    if not ((single >= 0) & (single <= 1)).all():
        unit, what = (MEAN_VALUE, "values") if search else (MEAN_OUTCOME, "outcomes")
        return Credit(value, None, (note, NO_SHARES.format(what)), low, high, unit)
    low[known], high[known] = INTERVALS[interval](value[known], count[known], level)
    soft = not search and bool(((single > 0) & (single < 1)).any())
    return Credit(value, None, (note, SOFT) if soft else (note,), low, high)


def _counted(tree: Tree, *, search: bool) -> tuple[FloatArray, FloatArray, str]:
    """Return shares and counts of each node, and where they come from."""
    if not search:
        _, count = below(tree, tree.outcomes)
        return leaf_values(tree), count.astype(np.float64), "counted: the traces through each step"
    visits: FloatArray = np.where(tree.visits > 0, tree.visits, np.nan)
    value = np.where(np.isfinite(visits), tree.value, np.nan)
    return value, visits, "counted: the visits of the search"
