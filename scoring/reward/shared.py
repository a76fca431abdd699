"""Token sequences that begin alike, as trees in which every shared beginning stands once.

Layouts of published models put text between and after steps (chat templates, verdicts, end marks), so
the tokens up to a step's reading place need not begin with those of the step before it. What they do
share is found in the tokens themselves. Sorted sequences are a walk through their common tree, hence
what comes out is in pre-order, as packing wants it. Numpy only, and iterative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.reward.packing import EncodedTree, join_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SharedTokens:
    """Sequences with a common first token.

    Attributes:
        tree: their tokens, common beginnings once.
        ends: number of a sequence → the node whose last token is its last.
    """

    tree: EncodedTree
    ends: dict[int, int]


def share(sequences: Sequence[Int32]) -> list[SharedTokens]:
    """Lay S sequences together; equal ones end at the same node.

    Args:
        sequences: token ids, each of at least one.

    Returns:
        One tree per first token; of sequences that all start alike, just one.
    """
    # Big-endian bytes sort as the ids do.
    order = sorted(range(len(sequences)), key=lambda k: sequences[k].astype(">i4").tobytes())
    return [_tree(sequences, order[a:b]) for a, b in _alike(sequences, order, 0, len(order), 0)]


def _tree(sequences: Sequence[Int32], order: list[int]) -> SharedTokens:
    """Build the tree of the sequences ``order``, sorted and with one first token."""
    tokens: list[Int32] = []
    parents: list[int] = []
    ends: dict[int, int] = {}
    waiting = [(0, len(order), 0, -1)]  # a range of ``order``, tokens it shares already, its parent
    while waiting:
        first, stop, depth, parent = waiting.pop()
        shortest = sequences[order[first]]
        reached = _common(shortest, sequences[order[stop - 1]])
        node = len(parents)
        tokens.append(shortest[depth:reached])
        parents.append(parent)
        while first < stop and len(sequences[order[first]]) == reached:
            ends[order[first]] = node
            first += 1
        branches = _alike(sequences, order, first, stop, reached)
        waiting += [(a, b, reached, node) for a, b in reversed(branches)]
    return SharedTokens(join_tokens(tokens, np.array(parents, dtype=np.int64)), ends)


def _alike(
    sequences: Sequence[Int32], order: list[int], first: int, stop: int, at: int
) -> list[tuple[int, int]]:
    """Cut a range of ``order`` where the token at place ``at`` changes."""
    cuts = [
        n
        for n in range(first, stop)
        if n == first or sequences[order[n]][at] != sequences[order[n - 1]][at]
    ]
    return list(zip(cuts, [*cuts[1:], stop], strict=True)) if cuts else []


def _common(a: Int32, b: Int32) -> int:
    """Count the tokens that two sequences begin with in common."""
    length = min(len(a), len(b))
    differ = np.flatnonzero(a[:length] != b[:length])
    return int(differ[0]) if len(differ) else length
