"""Rows for losses that look at several places at once: the paths to them, shared prefixes once.

What is compared may lie anywhere in a large tree. A row holds the union of the paths from the problem
to the places of one unit, and of further units as long as that is cheaper than rows of their own and
within the budget. Units are taken in pre-order, so neighbours share long prefixes. Numpy only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.reward.packing import CostModel, EncodedTree

Ints = npt.NDArray[np.int64]


def path_groups(
    tree: EncodedTree, members: Sequence[Ints], cost: CostModel, *, budget: int
) -> list[tuple[Ints, Ints]]:
    """Deal units into rows.

    Args:
        tree: nodes in pre-order.
        members: per unit the nodes whose paths it needs.
        cost: what a row costs.
        budget: most tokens of a row of several units; a single unit always has its row.

    Returns:
        Per row the numbers of its units and the nodes of its paths, both ascending.
    """
    order = sorted(range(len(members)), key=lambda u: (members[u].min(), members[u].max()))
    lengths = tree.lengths.tolist()
    parent = tree.parent.tolist()
    groups: list[tuple[list[int], set[int]]] = []
    sizes: list[int] = []
    for unit in order:
        nodes = _upward(parent, members[unit].tolist(), set())
        alone = sum(lengths[node] for node in nodes)
        if groups:
            new = nodes - groups[-1][1]
            together = sizes[-1] + sum(lengths[node] for node in new)
            if together <= budget and _cheaper(cost, together, sizes[-1], alone):
                groups[-1][0].append(unit)
                groups[-1][1].update(new)
                sizes[-1] = together
                continue
        groups.append(([unit], nodes))
        sizes.append(alone)
    return [
        (np.array(sorted(units), dtype=np.int64), np.array(sorted(nodes), dtype=np.int64))
        for units, nodes in groups
    ]


def same_text(tree: EncodedTree) -> Ints:
    """Return ``(N,)`` numbers that are equal for nodes whose paths read the same, token for token."""
    known: dict[tuple[int, bytes], int] = {}
    found = np.zeros(len(tree), dtype=np.int64)
    for node, parent in enumerate(tree.parent.tolist()):
        ids = tree.ids[tree.starts[node] : tree.starts[node + 1]].tobytes()
        above = -1 if parent < 0 else int(found[parent])
        found[node] = known.setdefault((above, ids), len(known))
    return found


def _upward(parent: Sequence[int], ends: Iterable[int], seen: set[int]) -> set[int]:
    """Return ``ends`` and everything above them."""
    for end in ends:
        node = end
        while node >= 0 and node not in seen:
            seen.add(node)
            node = parent[node]
    return seen


def _cheaper(cost: CostModel, together: int, one: int, other: int) -> bool:
    whole, left, right = cost.of(np.array([together, one, other], dtype=np.float64)).tolist()
    return bool(whole <= left + right)
