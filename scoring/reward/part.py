"""A part of a tree: some of its nodes with the steps before them, to be scored without the rest. Numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.tree import Tree

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def with_ancestors(tree: Tree, wanted: npt.NDArray[np.bool_]) -> Tree:
    """Return the tree of the wanted nodes and all steps on their paths, in the same order.

    Of the columns it has ids and texts only: what depends on a path reads nothing else.

    Args:
        tree: N nodes.
        wanted: ``(N,)`` which of them are needed.
    """
    kept = wanted.copy()
    kept[0] = True
    parent = tree.parent.tolist()
    for node in range(len(tree) - 1, 0, -1):  # children come after their parents
        if kept[node]:
            kept[parent[node]] = True
    return Tree.from_columns(ids=tree.ids[kept], depth=tree.depth[kept], text=tree.text[kept])
