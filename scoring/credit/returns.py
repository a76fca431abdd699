"""Rewards along traces, and the values that critics give the states before steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.columns import numbers
from scoring.credit.groups import group, leaf_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree

STAND_IN = "leaf values of the tree stand in for the critic"


class Rewards:
    """What each step of each trace is rewarded with.

    The outcome comes with the last step of a trace; with ``rewards="with_steps"`` each step's own
    reward (column ``step_reward``) is added to it.

    Attributes:
        known: ``(T,)`` bool, the traces that have an outcome; the others count nowhere.
        steps: ``(N,)`` the steps' own rewards, 0 where there is none.
        notes: what the legend must say.
    """

    def __init__(self, tree: Tree, rewards: str) -> None:
        """Read the rewards of ``tree``."""
        self.known = np.isfinite(tree.outcomes)
        self.steps = np.zeros(len(tree))
        self._outcomes = np.where(self.known, tree.outcomes, 0.0)
        notes = [note for note in group(tree).notes if "no known outcome" in note]
        if rewards == "with_steps":
            found = numbers(tree, "step_reward")
            without = int(np.isnan(found[1:]).sum())
            if without:
                notes.append(f"{without} of {len(tree) - 1} steps have no reward of their own")
            self.steps = np.where(np.isnan(found), 0.0, found)
        self.notes = tuple(notes)

    def of(self, cells: Cells) -> FloatArray:
        """Return ``(C,)`` rewards; those of traces without an outcome are to be left out."""
        return self.steps[cells.node] + np.where(cells.last, self._outcomes[cells.trace], 0.0)


def before_steps(tree: Tree, critic: str, column: str) -> FloatArray:
    """Return ``(N,)`` values of the state before each step.

    Args:
        tree: N nodes.
        critic: "leaf_value" = the leaf value of the step's parent; "column" = what is stored.
        column: name of the stored column.
    """
    if critic == "column":
        return numbers(tree, column)
    found = np.full(len(tree), np.nan)
    found[1:] = leaf_values(tree)[tree.parent[1:]]
    return found


def without_value(cells: Cells, values: FloatArray) -> np.ndarray:
    """Return ``(C,)`` whether the trace of a cell has a step without one of ``values`` ``(C,)``."""
    missing = np.isnan(values)
    traces = cells.reduce(np.maximum, missing.astype(np.float64))
    return np.asarray(traces[cells.row] > 0)


def once(values: Callable[[Cells], FloatArray]) -> Callable[[Cells], FloatArray]:
    """Remember what ``values`` makes of the cells it has seen last."""
    seen: list[tuple[Cells, FloatArray]] = []

    def remembered(cells: Cells) -> FloatArray:
        if not seen or seen[0][0] is not cells:
            seen[:] = [(cells, values(cells))]
        return seen[0][1]

    return remembered
