"""The shape of a tree in pre-order, from its depths or its parents: no recursion, no loop over nodes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.int64]


def depths(parent: IntArray) -> IntArray:
    """Count ancestors by pointer doubling: log2(depth) passes whatever the shape."""
    depth = (parent >= 0).astype(np.int64)
    hop = np.maximum(parent, 0)
    while hop.any():
        depth = depth + depth[hop]
        hop = hop[hop]
    return depth


def parents(depth: IntArray) -> IntArray:
    """Find each node's parent: the last node one level up before it."""
    n = len(depth)
    at = np.arange(n)
    keys = np.sort(depth * n + at)
    up = keys[np.searchsorted(keys, (depth - 1) * n + at) - 1] % n
    up[0] = -1
    return np.asarray(up, np.int64)


def subtree_ends(depth: IntArray) -> IntArray:
    """Match openings with closings: on one level they alternate, so both sort the same way.

    Row j closes the open nodes of the levels ``depth[j] … depth[j - 1]``; a row of depth 0 after
    the last closes the rest.
    """
    n = len(depth)
    following = np.append(depth[1:], 0)
    closed = depth - following + 1  # how many nodes end right after each row
    level = np.repeat(following, closed)
    first = np.repeat(np.cumsum(closed) - closed, closed)
    level = level + (np.arange(n) - first)
    after = np.repeat(np.arange(1, n + 1), closed)
    ends = np.empty(n, np.int64)
    ends[np.argsort(depth, kind="stable")] = after[np.argsort(level, kind="stable")]
    return ends


def all_ways_down(depth: IntArray, subtree_end: IntArray, ends: IntArray) -> IntArray:
    """List the positions on the ways down to K nodes, root excluded, one way after another.

    The ends below a node are one range of the sorted ends, so each node knows the ways it is on
    and its place on them.
    """
    n = len(depth)
    order = np.argsort(ends, kind="stable")
    before = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n))])
    first, counts = before[:-1], before[subtree_end] - before[:-1]
    counts[0] = 0  # the root is no step
    begin = np.cumsum(depth[ends]) - depth[ends]
    node = np.repeat(np.arange(n), counts)
    skipped = np.repeat(first - np.cumsum(counts) + counts, counts)
    way = order[np.arange(len(node)) + skipped]
    found = np.empty(len(node), np.int64)
    found[begin[way] + depth[node] - 1] = node
    return found
