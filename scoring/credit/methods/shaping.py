"""Potential-based shaping: rewards that move along a trace and change no comparison of traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit, TraceTable
from scoring.credit.columns import numbers
from scoring.credit.groups import at_ends, below, leaf_values
from scoring.credit.recurrences import nearest
from scoring.credit.returns import Rewards

if TYPE_CHECKING:
    from scoring.tree import FloatArray, IntArray, Tree


def credit(tree: Tree, *, gamma: float, potential: str, rewards: str) -> Credit:
    """Return ``r_t + γ Φ(s_(t+1)) − Φ(s_t)``, with ``Φ = 0`` after the last step of a trace.

    The reward ``r`` is the outcome at the last step. A discounted sum over any trace is the
    trace's own less ``Φ`` of the problem. Where ``Φ`` is unknown that of the closest known step
    above stands, at the problem 0.

    Returns:
        Outcome units, signed. They differ by trace only where traces end.

    Source: Ng, Harada and Russell 1999.
    """
    given = Rewards(tree, rewards)
    phi, lost = _potential(tree, potential)
    known = np.where(given.known, 1.0, np.nan)
    _, passing = below(tree, known)
    ending = np.bincount(tree.ends[given.known], minlength=len(tree))
    outcome = np.bincount(tree.ends[given.known], tree.outcomes[given.known], minlength=len(tree))
    change = np.full(len(tree), np.nan)
    change[1:] = given.steps[1:] - phi[tree.parent[1:]]
    onwards = gamma * phi * (passing - ending) + outcome
    mean = np.divide(onwards, passing, out=np.full(len(tree), np.nan), where=passing > 0)
    at_end = at_ends(tree, tree.outcomes)

    def of_end(end: int, path: IntArray) -> FloatArray:
        if not len(path):
            return np.empty(0)
        found = change[path] + gamma * phi[path]
        found[-1] = change[end] + at_end[end]
        return np.where(np.isfinite(at_end[end]), found, np.nan)

    notes = list(given.notes)
    if lost:
        name = potential.replace("_", " ")
        notes.append(f"{lost} of {len(tree) - 1} steps have no {name}: the one above stands")
    return Credit(change + mean, TraceTable(tree, of_end), tuple(notes))


def _potential(tree: Tree, name: str) -> tuple[FloatArray, int]:
    """Return ``(N,)`` potentials, filled from above, and how many steps had none."""
    found = leaf_values(tree) if name == "leaf_value" else numbers(tree, name)
    known = np.isfinite(found)
    above = nearest(tree, known)
    return np.where(above < 0, 0.0, np.nan_to_num(found)[above]), int((~known[1:]).sum())
