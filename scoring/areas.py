"""Areas under the curves of a ranking: AUROC and average precision, one implementation for all.

Both are functions of what lies at or above each distinct score, so equal scores count as one
threshold (a tie half), and a weight per item, such as how often its problem was drawn, is a sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]


def thresholds(scores: Floats) -> tuple[Ints, Ints]:
    """Return the order from the highest score, and where in it each distinct score ends.

    Args:
        scores: ``(M,)``.

    Returns:
        ``(M,)`` positions, and ``(G,)`` places in that order.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    return order, np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)])


def above(right: Bools, weights: Floats, ends: Ints) -> tuple[Floats, Floats]:
    """Return the weights of right and of wrong items at or above each threshold, ``(B, G)`` each.

    Args:
        right: ``(M,)`` in the order of ``thresholds``.
        weights: ``(B, M)`` in that order.
        ends: ``(G,)``.
    """
    hits = np.cumsum(weights * right, axis=1)[:, ends]
    return hits, np.cumsum(weights, axis=1)[:, ends] - hits


def auroc(hits: Floats, misses: Floats) -> Floats:
    """Return the area of hits over misses by trapezia, ``(B,)``; NaN where one of them is empty."""
    wider = np.diff(misses, axis=1, prepend=0.0)
    higher = hits - np.diff(hits, axis=1, prepend=0.0) / 2
    area = np.einsum("bg,bg->b", wider, higher)
    return np.asarray(area / (hits[:, -1] * misses[:, -1]), np.float64)


def average_precision(hits: Floats, misses: Floats) -> Floats:
    """Return the mean precision at the right items, ``(B,)``; NaN where nothing is right."""
    gained = np.diff(hits, axis=1, prepend=0.0)
    seen = hits + misses
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    return np.asarray(np.einsum("bg,bg->b", gained, precision) / hits[:, -1], np.float64)
