"""PURE: a trace is as good as its worst step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import missing_traces, step_scores
from scoring.credit.inputs import INPUTS
from scoring.credit.recurrences import backwards
from scoring.credit.suffixes import ranks, suffix_minima
from scoring.credit.traces import by_trace, centre, others_mean
from scoring.errors import MissingInputError

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.credit.columns import BoolArray
    from scoring.tree import FloatArray, Tree

PROBABILITIES = (
    "none of the scores is below 0: PURE wants them from −1 to 1, probabilities p as 2p − 1"
)
OUTSIDE = "PURE wants scores from −1 to 1; some lie outside"
ALONE = "no value: a group of one has no other trace to be compared with"
FLAT = "no signal from the outcomes: all are equal"


def credit(
    tree: Tree, *, form: str, temperature: float, baseline: str | None, outcome_weight: float
) -> Credit:
    """Return what a trace's scores come to from each step on, as ``form`` puts them together.

    With ``p_k`` the scores of a trace: "min" gives ``min_{j≥k} p_j``; "approx_min" the sum over
    ``j ≥ k`` of ``w_j p_j`` with ``w = softmax(−p / temperature)`` over all steps of the trace;
    "uniform" the same with ``w = 1/n``; "sum" with ``w = 1``. ``baseline="step"`` subtracts the
    other traces' mean reward per step from each step first; ``outcome_weight`` adds that many times
    the outcome against the others' mean at the end.

    Returns:
        Score units, signed, by step and trace. Steps without a score have no value and no weight.

    Raises:
        MissingInputError: if outcomes have a weight and the source has none.

    Source: arXiv 2504.15275 and its repository (CJReinforce/PURE).
    """
    if outcome_weight and "outcome" not in tree.given and len(tree) > 1:
        raise MissingInputError("pure", ["outcome"], INPUTS["outcome"])
    scores, notes = step_scores(tree)
    notes += _range_note(scores)
    counted = np.ones(len(tree.ends), bool)
    if outcome_weight:
        counted = np.isfinite(tree.outcomes)
        notes += missing_traces(counted, "known outcome")
    per_step = _Rewards(scores, form, temperature)
    less = np.zeros(len(tree.ends))
    if baseline:
        means = by_trace(tree, per_step.means)
        less = others_mean(np.where(counted, means, np.nan))
        notes += (ALONE,) if np.isnan(less).all() else ()
    more = np.zeros(len(tree.ends))
    if outcome_weight:
        more = outcome_weight * _others(counted) * centre(tree.outcomes)
        notes += (ALONE,) if np.isnan(more).all() and ALONE not in notes else ()
        notes += (FLAT,) if not np.nansum(np.abs(more)) and ALONE not in notes else ()
    ranked = ranks(scores)

    def values(cells: Cells) -> FloatArray:
        unknown = np.isnan(scores[cells.node])
        base = less[cells.trace]
        nothing = unknown | np.isnan(base)
        if form == "min":
            total = suffix_minima(cells, *ranked) - base
        else:
            # as a recurrence: large scores of one trace cost another's no digits
            rewards = np.where(nothing, 0.0, per_step(cells) - base)
            total = backwards(rewards, np.where(cells.last, 0.0, 1.0))
        return np.where(nothing, np.nan, total + more[cells.trace])

    return credit_by_cell(tree, values, notes)


class _Rewards:
    """Each step's part of its trace's value, 0 where there is no score."""

    def __init__(self, scores: FloatArray, form: str, temperature: float) -> None:
        self.scores = scores
        self.form = form
        self.temperature = temperature

    def __call__(self, cells: Cells) -> FloatArray:
        """Return ``(C,)`` rewards."""
        found = self.scores[cells.node]
        known = np.isfinite(found)
        score = np.where(known, found, 0.0)
        if self.form == "approx_min":
            lowest = cells.reduce(np.minimum, np.where(known, found, np.inf))[cells.row]
            below = np.where(known, lowest - score, -np.inf)
            size = np.exp(below / self.temperature)
            total = cells.reduce(np.add, size)[cells.row]
            return np.asarray(score * size / np.where(total > 0, total, 1.0))
        if self.form == "uniform":
            count = cells.reduce(np.add, known.astype(np.float64))[cells.row]
            return np.asarray(score / np.maximum(count, 1.0))
        return score

    def means(self, cells: Cells) -> FloatArray:
        """Return ``(K,)`` mean rewards of each trace's scored steps, NaN if it has none."""
        known = np.isfinite(self.scores[cells.node]).astype(np.float64)
        count = cells.reduce(np.add, known)
        total = cells.reduce(np.add, self(cells))
        return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def _others(counted: BoolArray) -> float:
    """Return K / (K − 1), which turns a distance from the mean into one from the others' mean."""
    count = int(counted.sum())
    return count / (count - 1) if count > 1 else np.nan


def _range_note(scores: FloatArray) -> tuple[str, ...]:
    """Return what has to be said if the scores do not run from −1 to 1."""
    known = scores[1:][np.isfinite(scores[1:])]
    if len(known) and np.abs(known).max() > 1:
        return (OUTSIDE,)
    return (PROBABILITIES,) if len(known) and known.min() >= 0 else ()
