"""POAD: advantages of tokens inside actions, without discount within an action."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import Lists, lists, missing_steps, missing_traces, numbers
from scoring.credit.groups import leaf_values
from scoring.credit.recurrences import backwards
from scoring.credit.returns import STAND_IN
from scoring.credit.suffixes import unknown_ahead

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree


class _Actions(NamedTuple):
    """What the tokens within each step come to: columns ``(N,)``.

    ``first`` and ``last`` are values at the first and last token; ``inner`` is what the changes
    between them add to the first token's advantage, ``share`` what the last token's counts in it;
    ``inner_mean`` and ``share_mean`` are the same for the mean over the tokens.
    """

    first: FloatArray
    last: FloatArray
    inner: FloatArray
    share: FloatArray
    inner_mean: FloatArray
    share_mean: FloatArray


def credit(tree: Tree, *, critic: str, gamma: float, lam: float) -> Credit:
    """Return the mean over a step's tokens of their advantages by the Bellman backup of actions.

    Within a step ``δ = V_{t+1} − V_t`` and ``A_t = δ + lam · A_{t+1}``, without gamma. At its last
    token ``δ = r + gamma · V(first token of the next step) − V`` and
    ``A = δ + gamma · lam · A(that token)``; after the trace's last step both are 0.

    Args:
        tree: its column ``step_reward`` holds r (0 has to be said).
        critic: "tokens" reads V from ``value_tokens``, a list for each step (a number = one token);
            "leaf" takes each step as one token whose V is its parent's leaf value (our stand-in).
        gamma: discount between steps.
        lam: of the generalised advantage.

    Returns:
        Reward units, signed, by step and trace; NaN where r or V is missing from the step on.

    Source: action decomposition (morning9393/ADRL, ``language_buffer.py``); the mean is ours.
    """
    reward = numbers(tree, "step_reward")
    notes = missing_steps(reward, "reward")
    used = np.ones(len(tree.ends), bool)
    if critic == "leaf":
        before = np.full(len(tree), np.nan)
        before[1:] = leaf_values(tree)[tree.parent[1:]]
        values_of = Lists(before, np.arange(len(tree) + 1))
        used = np.isfinite(tree.outcomes)
        notes += (*missing_traces(used, "known outcome"), STAND_IN)
    else:
        values_of = lists(tree, "value_tokens")
        notes += missing_steps(values_of.sums(), "values of a critic")
    actions = _actions(values_of, lam)
    unusable = np.isnan(reward) | np.isnan(actions.inner)

    def values(cells: Cells) -> FloatArray:
        unknown = unusable[cells.node]

        def known(column: FloatArray) -> FloatArray:
            return np.where(unknown, 0.0, column[cells.node])

        first, share = known(actions.first), known(actions.share)
        at_last = known(reward) + gamma * _next(cells, first) - known(actions.last)
        factor = np.where(cells.last, 0.0, share * gamma * lam)
        at_first = backwards(known(actions.inner) + share * at_last, factor)
        at_last += gamma * lam * _next(cells, at_first)
        found = known(actions.inner_mean) + known(actions.share_mean) * at_last
        nothing = unknown_ahead(cells, unknown) | ~used[cells.trace]
        return np.where(nothing, np.nan, found)

    return credit_by_cell(tree, values, notes)


def _next(cells: Cells, values: FloatArray) -> FloatArray:
    """Return each cell's next value on its trace, 0 after the last."""
    return np.where(cells.last, 0.0, np.append(values[1:], 0.0))


def _actions(values: Lists, lam: float) -> _Actions:
    change = np.append(np.diff(values.values), 0.0)
    ends = values.place == values.lengths[values.owner] - 1
    change[ends] = 0.0 * values.values[ends]  # of the last token nothing, but NaN stays NaN
    power = lam ** values.place.astype(np.float64)
    before = _geometric(lam, values.place + 1)  # what all tokens up to this one add up to
    length = np.maximum(values.lengths, 1)
    return _Actions(
        first=values.edge(0),
        last=values.edge(-1),
        inner=values.sums(change * power),
        share=lam ** (length - 1.0),
        inner_mean=values.sums(change * before) / length,
        share_mean=_geometric(lam, length) / length,
    )


def _geometric(lam: float, count: np.ndarray) -> FloatArray:
    """Return ``1 + lam + … + lam^(count − 1)``."""
    if lam == 1.0:
        return count.astype(np.float64)
    return np.asarray((1.0 - lam ** count.astype(np.float64)) / (1.0 - lam))
