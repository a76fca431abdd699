"""Hierarchical node compression: a tree seen with some of its steps joined to the step before.

Breadth first, at every step with at least ``fewest`` branches that is not itself joined to the one
before it, each branch is taken with the given probability until one was: the two steps become one unit
that hangs where the first of them does, and everything below the branch follows it there. At most one branch
of a step is taken.

Source: HNC, Wang et al. 2025 (arXiv 2503.13551; github.com/tengwang0318/hierarchial_reward_model,
``split_node``). There the nodes below a taken branch keep the height and the prefix that they had; here
both follow from where a unit hangs, so nothing can be stale.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(frozen=True, slots=True)
class Compressed:
    """Units of one or two steps; unit i ends in step i of the original tree.

    Attributes:
        parent: the unit in front of each, -1 for the problem.
        joined: per unit the step that it has in front of its own, -1 = none.
        order: units, each after its parent.
    """

    parent: tuple[int, ...]
    joined: tuple[int, ...]
    order: tuple[int, ...]


def compress(
    parent: Sequence[int],
    key: str,
    *,
    probability: float,
    fewest: int,
    apart: Collection[int] = (),
) -> Compressed:
    """Draw one compression of a tree.

    Args:
        parent: positions, -1 for the problem at position 0, each parent before its children.
        key: the same key and tree give the same compression.
        probability: with which a branch is taken.
        fewest: least number of branches.
        apart: steps that nothing is joined to.
    """
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    rng = random.Random(int.from_bytes(digest))  # noqa: S311 - repeatable, not secret
    below: list[list[int]] = [[] for _ in parent]
    for node, up in enumerate(parent):
        if up >= 0:
            below[up].append(node)
    above, joined = list(parent), [-1] * len(parent)
    order = [0]
    waiting = deque([0])
    while waiting:
        node = waiting.popleft()
        branches = tuple(below[node])
        if node and joined[node] < 0 and len(branches) >= fewest and node not in apart:
            taken = next((branch for branch in branches if rng.random() < probability), None)
            if taken is not None:
                joined[taken], above[taken] = node, above[node]
        order += branches
        waiting += branches
    return Compressed(tuple(above), tuple(joined), tuple(order))
