"""SALT: steps that several traces share are credited with the mean of those traces' advantages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.base import Credit
from scoring.credit.columns import codes
from scoring.credit.groups import below, group

if TYPE_CHECKING:
    from scoring.tree import FloatArray, IntArray, Tree

EPS = 1e-6


def credit(tree: Tree) -> Credit:
    """Return the mean GRPO advantage of the traces that take a step, wherever they take it.

    Steps with the same state before them and the same text are one edge of the graph of states; a
    trace that takes an edge twice counts once. Steps of unknown state are merged with none.

    Returns:
        ``(N,)`` standard deviations, signed, the same on every trace.

    Source: arXiv 2510.20022. No formula was found; this is the nearest reading of the abstract.
    """
    stats = group(tree)
    if stats.flat:
        advantage = np.where(stats.known, 0.0, np.nan)
    else:
        advantage = (tree.outcomes - stats.mean) / (stats.std + EPS)
    sums, counts = below(tree, advantage)
    state, _ = codes(tree.state)
    edge, edges = _edges(tree, state)
    first = _first_on_path(tree, edge)
    total = np.bincount(edge[first], sums[first], minlength=edges)
    users = np.bincount(edge[first], counts[first], minlength=edges)
    mean = np.divide(total, users, out=np.full(edges, np.nan), where=users > 0)
    found = np.where(counts > 0, mean[edge], np.nan)
    unknown = int((state[1:] < 0).sum())
    note = f"{unknown} of {len(tree) - 1} steps have no state and are merged with none"
    return Credit(found, None, (*stats.notes, note) if unknown else stats.notes)


def _edges(tree: Tree, state: IntArray) -> tuple[IntArray, int]:
    """Number the edges of the graph of states: ``(N,)`` and how many there are."""
    text, texts = codes(tree.text)
    pair = state * texts + text
    pair = np.where(state < 0, -1 - np.arange(len(tree)), pair)
    names, edge = np.unique(pair, return_inverse=True)
    return edge.astype(np.int64), len(names)


def _first_on_path(tree: Tree, edge: IntArray) -> np.ndarray:
    """Return ``(N,)`` whether no step above has the same edge.

    In pre-order one of the steps before with the same edge is above exactly if its subtree has not
    ended yet.
    """
    n = len(tree)
    order = np.argsort(edge, kind="stable")
    reach = edge[order] * (n + 1) + tree.subtree_end[order]
    reached: FloatArray = np.maximum.accumulate(reach)
    before = np.concatenate([[-1], reached[:-1]])
    found = np.empty(n, np.bool_)
    found[order] = before <= edge[order] * (n + 1) + order
    return found
