"""AnytimeReasoner's BRPO: what each stretch of thinking adds to answers forced at later budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import lists
from scoring.credit.recurrences import backwards

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree


def credit(tree: Tree, *, prior: str) -> Credit:
    """Return the advantage of the stretch of its trace that each step lies in.

    With ``c_k`` the score of the answer forced after budget k of S, and ``p`` the prior:
    ``R_s = Σ_(k≥s) p_k c_k``; its baseline is ``(s · last_s + (S − s) · mean R_s) / S``, where
    ``last_s`` is the mean of the scores before s, weighted ``2^k``, times ``Σ_(k≥s) p_k``. The
    prior is equal ("uniform"), grows with the budget ("linear") or is the last alone ("base"). The n
    steps of a trace are dealt out evenly: step t lies in stretch ``⌊t S / n⌋``.

    Returns:
        Score units, signed. A trace without scores, or with fewer than others, has no value.

    Raises:
        ColumnError: a cell of ``budget_scores`` is no list of numbers.

    Source: sail-sg/AnytimeReasoner at 7e3f5bb ``brpo.py``; dealing out the steps is ours.
    """
    scores = _scores(tree)
    budgets = max(1, scores.shape[1])
    weights = {
        "uniform": np.ones(budgets),
        "linear": np.arange(1.0, budgets + 1),
        "base": (np.arange(budgets) == budgets - 1).astype(np.float64),
    }[prior]
    complete = np.isfinite(scores).all(axis=1) & (scores.shape[1] > 0)
    notes = []
    if not complete.all():
        missing = int((~complete).sum())
        notes.append(f"{missing} of {len(complete)} traces lack scores of some budget")
    advantage = np.full((len(scores), budgets), np.nan)
    used = scores[complete]
    if used.size and used.min() == used.max():
        notes.append("no signal: all budget scores are equal")
        advantage[complete] = 0.0
    elif used.size:
        advantage[complete] = _advantages(used, weights / weights.sum())

    def values(cells: Cells) -> FloatArray:
        stretch = cells.step * budgets // np.maximum(1, cells.lengths)[cells.row]
        found: FloatArray = advantage[cells.trace, stretch]
        return found

    return credit_by_cell(tree, values, tuple(notes))


def _advantages(scores: FloatArray, prior: FloatArray) -> FloatArray:
    """Return ``(T, S)`` advantages of complete ``(T, S)`` scores."""
    traces, budgets = scores.shape
    rest = np.cumsum(prior[::-1])[::-1]
    returns = np.cumsum((scores * prior)[:, ::-1], axis=1)[:, ::-1]
    # The mean before s, weighted 2^k, follows from the one before s − 1: shares never overflow.
    share = 1.0 / (2.0 - 0.5 ** np.arange(budgets))
    factors = np.where(np.arange(budgets) == 0, 0.0, 1.0 - share)
    means = backwards((scores * share)[:, ::-1].ravel(), np.tile(factors[::-1], traces))
    before = np.zeros_like(scores)
    before[:, 1:] = means.reshape(traces, budgets)[:, ::-1][:, :-1]
    at = np.arange(budgets)
    baseline = (at * before * rest + (budgets - at) * returns.mean(axis=0)) / budgets
    return np.asarray(returns - baseline)


def _scores(tree: Tree) -> FloatArray:
    """Return ``(T, S)`` scores by trace and budget; NaN rows for traces with none or too few."""
    found = lists(tree, "budget_scores")
    lengths, first = found.lengths[tree.ends], found.first[tree.ends]
    budgets = int(lengths.max(initial=0))
    full = (lengths == budgets) & (budgets > 0)
    scores = np.full((len(lengths), budgets), np.nan)
    scores[full] = found.values[first[full, None] + np.arange(budgets)]
    return scores
