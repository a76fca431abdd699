"""One problem's step tree while records are added: prefix merge and pre-order numbering.

Pure bookkeeping over positions, no database: parents always come before children, so sizes are one
backward pass and pre-order one forward pass, without recursion at any depth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scoring.types import ROOT, NodeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

MergeKey = tuple[int, str, str, str, str]


@dataclass(slots=True)
class StoredStep:
    """A step that is in the database already. ``text`` is None for steps that never merge."""

    id: int
    parent_id: int | None
    preorder: int
    subtree_end: int
    depth: int
    kind: str
    agent: str
    level: str
    text: str | None


@dataclass(slots=True)
class ProblemTree:
    """The steps of one problem: those stored, in pre-order, then those added, in file order.

    Attributes:
        parent: position of each step's parent, -1 = the problem.
        depth: 1 for steps right below the problem.
        ids: database ids; those of added steps are filled in before they are written.
        n_stored: how many of the steps are in the database.
        nodes, owners, places: per added step its record node, which record it came from (a
            running number of the caller's) and where in that record it stood.
    """

    parent: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    n_stored: int = 0
    nodes: list[NodeRecord] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    _children: dict[MergeKey, int] = field(default_factory=dict)
    _ranges: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def from_stored(cls, steps: Sequence[StoredStep]) -> ProblemTree:
        """Build the tree from its stored steps, which must be in pre-order."""
        tree = cls(n_stored=len(steps))
        position = {step.id: i for i, step in enumerate(steps)}
        for i, step in enumerate(steps):
            parent = ROOT if step.parent_id is None else position[step.parent_id]
            tree.parent.append(parent)
            tree.depth.append(step.depth)
            tree.ids.append(step.id)
            tree._ranges.append((step.preorder, step.subtree_end))
            if step.text is not None:
                key = (parent, step.text.strip(), step.kind, step.agent, step.level)
                tree._children.setdefault(key, i)
        return tree

    def __len__(self) -> int:
        return len(self.parent)

    def add_merged(
        self, nodes: Sequence[NodeRecord], owner: int, apart: Set[int] = frozenset()
    ) -> list[int]:
        """Add a flat record: a step equal to one that is there, below the same parent, is that one.

        Equal means: the same text but for white space at its ends, kind, agent and level.

        Args:
            nodes: parents before children.
            owner: the caller's number of the record.
            apart: nodes that become steps of their own whatever they equal.

        Returns:
            For each node the position of its step.
        """
        children = self._children
        placed: list[int] = []
        for place, node in enumerate(nodes):
            parent = placed[node.parent] if node.parent != ROOT else ROOT
            if place in apart:
                placed.append(self._append(node, parent, owner, place))
                continue
            key = (parent, node.text.strip(), node.kind, node.agent, node.level)
            found = children.get(key)
            if found is None:
                found = children[key] = self._append(node, parent, owner, place)
            placed.append(found)
        return placed

    def add_given(self, nodes: Sequence[NodeRecord], owner: int) -> list[int]:
        """Add a tree exactly as it is given, equal siblings included.

        Returns:
            For each node the position of its step.
        """
        placed: list[int] = []
        for place, node in enumerate(nodes):
            parent = placed[node.parent] if node.parent != ROOT else ROOT
            placed.append(self._append(node, parent, owner, place))
        return placed

    def numbered(self) -> tuple[list[int], list[int]]:
        """Return pre-order (from 1) and half-open subtree end of every step, siblings by age."""
        parent = self.parent
        n_steps = len(parent)
        size = [1] * n_steps
        for i in range(n_steps - 1, -1, -1):
            if parent[i] != ROOT:
                size[parent[i]] += size[i]
        preorder = [0] * n_steps
        end = [0] * n_steps
        # free[p]: the next number below p; the extra last entry is the problem's (index -1).
        free = [0] * n_steps + [1]
        for i, above in enumerate(parent):
            first = free[above]
            preorder[i] = first
            end[i] = free[above] = first + size[i]
            free[i] = first + 1
        return preorder, end

    def moved(self, preorder: Sequence[int], end: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Yield ``(id, preorder, subtree_end)`` of the stored steps whose numbers changed."""
        for i, old in enumerate(self._ranges):
            if old != (preorder[i], end[i]):
                yield self.ids[i], preorder[i], end[i]

    def _append(self, node: NodeRecord, parent: int, owner: int, place: int) -> int:
        position = len(self.parent)
        self.parent.append(parent)
        self.depth.append(self.depth[parent] + 1 if parent != ROOT else 1)
        self.nodes.append(node)
        self.owners.append(owner)
        self.places.append(place)
        return position
