"""CAPO: what critiques call wrong costs, a right answer gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.credit.base import NO_SIGNAL
from scoring.credit.cells import Passes, credit_by_cell
from scoring.credit.columns import column, missing_traces, wrong
from scoring.credit.steps import Steps
from scoring.credit.traces import solved

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, IntArray, Tree

CRITIQUES = "a list of critiques, each a list of ids of steps on the trace"


def credit(
    tree: Tree, *, vote: str, form: str, gain: float, penalty: float, ddof: int, eps: float
) -> Credit:
    """Return ``gain · [solved] − penalty · [the step is wrong]``, standardised over all tokens.

    A step is wrong if all critiques of its trace ("intersection"), more than half ("majority") or
    any ("union") list it. A trace without critiques has its outcome only.

    Args:
        tree: its column ``critiques`` stands at traces' ends: a list of lists of steps' ids.
        vote: see above.
        form: "advantage" standardises over the tokens of all traces (``n_tokens`` each; every step
            weighs the same if none has a number of tokens), "reward" does not.
        gain: C, for a solved trace.
        penalty: P, for a wrong step.
        ddof: of the standard deviation, over tokens.
        eps: added to it.

    Returns:
        Standard deviations or reward units, signed, by step and trace.

    Source: arXiv 2508.02298, by an implementation of others; the standardising is from a review.
    """
    right = solved(tree)
    bad = _wrong_steps(tree, vote)
    notes = missing_traces(np.isfinite(right), "known outcome")
    silent = np.array([not column(tree, "critiques")[end] for end in tree.ends], bool)
    notes += missing_traces(~silent, "critiques: outcome only")
    n = len(tree)

    def reward(cells: Cells) -> FloatArray:
        found = np.isin(tree.ends[cells.trace] * n + cells.node, bad)
        return gain * right[cells.trace] - penalty * found

    if form == "reward":
        return credit_by_cell(tree, reward, notes)
    weight, note = _tokens(tree)
    passes = Passes(tree)
    mean, std = _moments(passes, reward, weight, ddof)
    if std == 0:
        notes += (NO_SIGNAL if not len(bad) else "no signal: all steps have the same reward",)
    scale = 1.0 / (std + eps) if std else 0.0

    def values(cells: Cells) -> FloatArray:
        return (reward(cells) - mean) * scale

    return credit_by_cell(tree, values, (*notes, *note), passes)


def _tokens(tree: Tree) -> tuple[FloatArray, tuple[str, ...]]:
    """Return ``(N,)`` tokens by step; a step of unknown length has the mean length."""
    known = np.isfinite(tree.n_tokens) & (tree.n_tokens > 0)
    known[0] = False
    if not known.any():
        return np.ones(len(tree)), ("no step has a number of tokens: every step weighs the same",)
    return np.where(known, tree.n_tokens, tree.n_tokens[known].mean()), ()


def _moments(passes: Passes, reward: Any, weight: FloatArray, ddof: int) -> tuple[float, float]:
    """Return mean and standard deviation over tokens, (0, 0) if no reward is known."""
    total = tokens = squares = 0.0
    low, high = np.inf, -np.inf
    for cells in passes:
        found, times = reward(cells), weight[cells.node]
        known = np.isfinite(found)
        total += float(found[known] @ times[known])
        tokens += float(times[known].sum())
        low = min(low, float(found[known].min(initial=np.inf)))
        high = max(high, float(found[known].max(initial=-np.inf)))
    if low >= high:
        return (low if tokens else 0.0), 0.0
    mean = total / tokens
    for cells in passes:
        found, times = reward(cells), weight[cells.node]
        known = np.isfinite(found)
        squares += float((found[known] - mean) ** 2 @ times[known])
    return mean, float(np.sqrt(squares / max(tokens - ddof, 1.0)))


def _wrong_steps(tree: Tree, vote: str) -> IntArray:
    """Return the sorted keys ``end · N + step`` of the steps voted wrong on the traces that end there."""
    cells = column(tree, "critiques")
    steps = Steps(tree)
    found: list[int] = []
    for end in np.unique(tree.ends).tolist():
        critiques = cells[end]
        if critiques is None:
            continue
        if not isinstance(critiques, list | tuple):
            raise wrong(tree, "critiques", end, CRITIQUES)
        counts: dict[int, int] = {}
        for critique in critiques:
            if not isinstance(critique, list | tuple):
                raise wrong(tree, "critiques", end, CRITIQUES)
            places = {steps.on(end, name) for name in critique}
            for place in places:
                if place is None:
                    raise wrong(tree, "critiques", end, CRITIQUES)
                counts[place] = counts.get(place, 0) + 1
        needed = {"union": 1, "majority": len(critiques) // 2 + 1, "intersection": len(critiques)}
        found.extend(
            end * len(tree) + place for place, count in counts.items() if count >= needed[vote]
        )
    return np.array(sorted(found), np.int64)
