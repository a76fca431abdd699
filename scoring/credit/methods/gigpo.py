"""GiGPO: the trace against its group, and each step against the steps taken in the same state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import IN_DEVIATIONS
from scoring.credit.cells import Passes, credit_by_cell
from scoring.credit.columns import codes
from scoring.credit.groups import group, notes_with_rest
from scoring.credit.moments import moments
from scoring.credit.recurrences import backwards
from scoring.credit.returns import Rewards, once

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree

EPS = 1e-6
DDOF = 1


def credit(
    tree: Tree,
    *,
    gamma: float,
    weight: float,
    normalize: str,
    episode_mean: str,
    rewards: str,
    single: str,
) -> Credit:
    """Return ``A = A_E + weight · A_S`` of each step on each trace.

    ``A_E`` is the trace's reward minus the group's mean, ``A_S`` the discounted return from the step
    on, ``Σ_k gamma^(k − t) r_k``, minus the mean of all steps taken in the same state, by whichever
    trace. "mean_std" divides both by their group's sample deviation + 1e-6. With
    ``episode_mean="steps"`` a trace weighs as many times as it has steps, as in the authors' code;
    with "traces" once, as in the paper.

    Returns:
        Outcome units ("mean") or standard deviations ("mean_std"), signed. ``A_S`` is 0 where the
        state was seen once or is unknown.

    Source: arXiv 2505.10978, langfengQ/verl-agent ``gigpo/core_gigpo.py``, read in a fork.
    """
    given = Rewards(tree, rewards)
    passes = Passes(tree)
    state, states = codes(tree.state)

    @once
    def returns(cells: Cells) -> FloatArray:
        found = backwards(given.of(cells), np.where(cells.last, 0.0, gamma))
        return np.where(given.known[cells.trace], found, np.nan)

    scaled = normalize == "mean_std"
    anchors = moments(
        lambda: ((state[cells.node], returns(cells)) for cells in passes), states, ddof=DDOF
    )
    totals = _totals(tree, given, passes)
    episode = _episodes(
        tree, totals, by_steps=episode_mean == "steps", scaled=scaled, single=single
    )

    def values(cells: Cells) -> FloatArray:
        keys, found = state[cells.node], returns(cells)
        step = anchors.scores(keys, found, eps=EPS) if scaled else anchors.centered(keys, found)
        return episode[cells.trace] + weight * np.where(keys < 0, 0.0, step)

    notes = (*_notes(tree, given, state, single), *[IN_DEVIATIONS] * scaled)
    if np.nan_to_num(episode).any() or (weight and (anchors.std > 0).any()):
        own = "the steps' own rewards and " if rewards == "with_steps" else ""
        notes = notes_with_rest(notes, f"{own}how soon traces ended")
    return credit_by_cell(tree, values, notes, passes)


def _totals(tree: Tree, given: Rewards, passes: Passes) -> FloatArray:
    """Return ``(T,)`` rewards of whole traces, NaN without an outcome."""
    totals = tree.outcomes.copy()
    if given.steps.any():
        for cells in passes:
            sums = cells.reduce(np.add, given.steps[cells.node])
            totals[cells.traces] += np.where(np.isnan(sums), 0.0, sums)
    return totals


def _episodes(
    tree: Tree, totals: FloatArray, *, by_steps: bool, scaled: bool, single: str
) -> FloatArray:
    """Return ``(T,)`` the advantage of each trace over the group."""
    known = np.isfinite(totals)
    found = totals[known]
    if len(found) == 1 and single == "unit":
        return totals / (1.0 + EPS) if scaled else totals
    if len(found) == 0 or found.min() == found.max():
        return totals * 0.0
    times = tree.depth[tree.ends[known]] if by_steps else np.ones(len(found))
    mean = float(np.average(found, weights=times)) if times.any() else float(found.mean())
    if not scaled:
        return totals - mean
    squares = float((times * (found - mean) ** 2).sum())
    std = np.sqrt(squares / max(1, times.sum() - DDOF))
    return np.asarray((totals - mean) / (std + EPS))


def _notes(tree: Tree, given: Rewards, state: np.ndarray, single: str) -> tuple[str, ...]:
    notes = [*given.notes, *(n for n in group(tree, single=single).notes if n not in given.notes)]
    unknown = int((state[1:] < 0).sum())
    if unknown:
        notes.append(
            f"{unknown} of {len(tree) - 1} steps have no state and are compared by trace only"
        )
    return tuple(notes)
