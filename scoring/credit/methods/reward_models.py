"""Scores of one reward model against reference answers, and of several models together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit
from scoring.credit.columns import Lists, lists, missing_steps, step_scores

if TYPE_CHECKING:
    from scoring.tree import FloatArray, Tree


def par(tree: Tree, *, k: float) -> Credit:
    """Return ``mean_m sigmoid(k · (score − ref_m))`` over the problem's reference scores.

    The mean of the sigmoids, not the sigmoid of the mean. ``ref_scores`` stands at the problem: a
    number or a list; missing ones do not count.

    Returns:
        ``(N,)`` from 0 to 1, the same on every trace.

    Source: arXiv 2502.18770 (PorUna-byte/PAR), for whole answers; by step it is our use.
    """
    scores, notes = step_scores(tree)
    found = lists(tree, "ref_scores")
    references = found.values[: found.first[1]]
    references = references[np.isfinite(references)]
    if not len(references):
        return Credit(np.full(len(tree), np.nan), None, ("the problem has no reference scores",))
    gaps = k * (scores[:, None] - references)  # (N, M)
    return Credit(_sigmoid(gaps).mean(axis=1), None, notes)


def wco(tree: Tree) -> Credit:
    """Return ``min_m r_m`` over the models in the column ``scores``: ``(N,)``, score units.

    Source: worst-case optimisation of Coste et al. 2023 (tlc4418/llm_optimization).
    """
    found = lists(tree, "scores")
    worst = found.reduce(np.fmin)  # NaN only where no model has a score
    return Credit(worst, None, _notes(found, worst))


def uwo(tree: Tree, *, lam: float, ddof: int) -> Credit:
    """Return ``mean_m r_m − lam · var_m r_m`` over the models in the column ``scores``.

    The defaults are those of the best-of-n code (0.5, ddof 0); its PPO code has 0.1 and ddof 1.

    Returns:
        ``(N,)`` score units; NaN for one model with ddof 1, whose variance is undefined.

    Source: uncertainty-weighted optimisation of Coste et al. 2023 (tlc4418/llm_optimization).
    """
    found = lists(tree, "scores")
    known = np.isfinite(found.values)
    count = found.reduce(np.add, known.astype(np.float64))
    mean = _divide(found.reduce(np.add, np.where(known, found.values, 0.0)), count)
    apart = np.where(known, found.values - mean[found.owner], 0.0)
    variance = _divide(found.reduce(np.add, apart**2), count - ddof)
    values = mean - lam * variance
    notes = _notes(found, mean)
    alone = int((np.isfinite(mean) & np.isnan(values))[1:].sum())
    if alone:
        notes += (f"steps with one model's score, which has no variance with ddof 1: {alone}",)
    return Credit(values, None, notes)


def _notes(found: Lists, values: FloatArray) -> tuple[str, ...]:
    """Count steps without any score, and steps that some model did not score."""
    notes = missing_steps(values, "score")
    models = found.lengths.max(initial=0)
    scored = np.bincount(found.owner[np.isfinite(found.values)], minlength=len(values))[1:]
    fewer = int(((scored > 0) & (scored < models)).sum())
    if fewer:
        notes += (f"steps that some of the {models} models did not score: {fewer}",)
    return notes


def _divide(values: FloatArray, by: FloatArray) -> FloatArray:
    found: FloatArray = np.divide(values, by, out=np.full(len(values), np.nan), where=by > 0)
    return found


def _sigmoid(values: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))  # no overflow at either end
