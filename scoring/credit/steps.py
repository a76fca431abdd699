"""Steps that cells of a column name by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.tree import Tree


class Steps:
    """Where the steps of a tree are, by id."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._places = {name: at for at, name in enumerate(tree.ids.tolist())}

    def on(self, end: int, name: object) -> int | None:
        """Return the position of the step ``name`` on the way to ``end``, None if it is not there."""
        if isinstance(name, bool) or not isinstance(name, int | str):
            return None
        at = self._places.get(name, 0)
        above = 0 < at <= end < int(self._tree.subtree_end[at])
        return at if above else None
