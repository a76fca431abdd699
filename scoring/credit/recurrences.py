"""Sums in which each number counts a share of the next one: discounted returns, means of means.

No loop over steps: a chain is solved by doubling, a tree chain by chain, of which any way to the
root meets at most log2(N).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scoring.tree import FloatArray, IntArray, Tree


def backwards(values: FloatArray, factors: FloatArray) -> FloatArray:
    """Solve ``X_c = values_c + factors_c · X_(c+1)`` from the end: ``(C,)``.

    Args:
        values: ``(C,)`` without NaN; several chains may stand one after another.
        factors: ``(C,)``, 0 at the last cell of each chain.
    """
    found, share = values.astype(np.float64), factors.astype(np.float64)
    shift = 1
    while shift < len(found) and share[:-shift].any():
        found[:-shift] += share[:-shift] * found[shift:]
        share[:-shift] *= share[shift:]
        shift *= 2
    return found


def child_values(tree: Tree) -> FloatArray:
    """Return ``(N,)`` values, at each node the mean of its children's, NaN where none is known.

    A leaf's is the mean outcome of the traces that end there. Traces that end at an inner node are
    one child more. Children without a known outcome below do not count.
    """
    n = len(tree)
    known = np.isfinite(tree.outcomes)
    ended = np.bincount(tree.ends[known], minlength=n)
    own = np.bincount(tree.ends[known], tree.outcomes[known], minlength=n) / np.maximum(ended, 1)
    seen = np.concatenate([[0], np.cumsum(ended)])
    valued = seen[tree.subtree_end] > seen[:-1]
    up = tree.parent
    below = np.flatnonzero(valued[1:]) + 1
    share = 1.0 / np.maximum(1, np.bincount(up[below], minlength=n) + (ended > 0))
    heir, level, order = _chains(tree)
    follows = np.append(heir[order[1:]], False)  # the next in order is the node's heir
    total = own.copy()  # of the children; the chain's own next child comes in by the recurrence
    found = np.zeros(n)
    for at in range(int(level.max()), -1, -1):
        here = order[level[order] == at]
        factors = np.where(follows[level[order] == at], share[here], 0.0)
        found[here] = backwards(total[here] * share[here], factors)
        heads = here[~heir[here]]
        heads = heads[valued[heads] & (heads > 0)]
        np.add.at(total, up[heads], found[heads])
    return np.where(valued, found, np.nan)


def _chains(tree: Tree) -> tuple[np.ndarray, IntArray, IntArray]:
    """Split the tree into chains, each node followed by its child with the largest subtree.

    Returns:
        ``(N,)`` whether a node follows its parent's chain; how many chains lie above its own; all
        positions chain by chain, downwards.
    """
    n = len(tree)
    size = tree.subtree_end - np.arange(n)
    by_parent = np.lexsort((size, tree.parent))
    largest = np.append(np.diff(tree.parent[by_parent]) != 0, True)
    heir = np.zeros(n, np.bool_)
    heir[by_parent[largest]] = True
    heir[0] = False
    starts = ~heir
    change = starts.astype(np.int64)
    change -= np.bincount(tree.subtree_end[starts], minlength=n + 1)[:n]
    level = np.cumsum(change) - 1
    head = nearest(tree, starts)
    return heir, level, np.lexsort((tree.depth, head))


def nearest(tree: Tree, marked: np.ndarray) -> IntArray:
    """Return ``(N,)`` the closest marked node at or above each node, -1 where there is none."""
    up = np.where(marked, np.arange(len(tree)), tree.parent)
    up[0] = 0
    while True:  # log2(depth) passes
        further = up[up]
        if np.array_equal(further, up):
            break
        up = further
    return np.where(marked[up], up, -1)


def common_depth(tree: Tree, first: IntArray, second: IntArray) -> IntArray:
    """Return how many steps the ways down to two nodes share, for K pairs: ``(K,)``.

    In pre-order the shallowest node after one of them up to the other is a child of their closest
    common ancestor; a table of minima over powers of two finds it for all pairs at once.
    """
    if not len(first):
        return np.empty(0, np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    inside = high < tree.subtree_end[low]
    table = [tree.depth]
    while 2 ** len(table) <= len(tree):
        half = 2 ** (len(table) - 1)
        table.append(np.minimum(table[-1][:-half], table[-1][half:]))
    width = np.maximum(1, high - low)
    power = np.log2(width).astype(np.int64)
    shallowest = np.empty(len(low), np.int64)
    for at in np.unique(power):  # at most log2(N) of them
        here = power == at
        start, stop = low[here] + 1, low[here] + 1 + width[here]
        last = len(table[at]) - 1
        shallowest[here] = np.minimum(
            table[at][np.minimum(start, last)], table[at][np.minimum(stop - 2**at, last)]
        )
    return np.where(inside, tree.depth[low], shallowest - 1)
