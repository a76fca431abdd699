"""A reading in which steps stand alone and joined to those before them, shared beginnings once.

A unit of several steps has one separator, at its end; between its steps stands an empty line:

    … sep · s1 · sep · s2 · sep          two units
    … sep · s1 · ↵↵ s2 · sep             one unit

Both go through the model in one tree: what is read after ``s1`` forks into its separator and the next
step of the longer unit, so the tokens of ``s1`` are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from scoring.reward.reading import NO_STEP, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

BETWEEN = "\n\n"


@dataclass(slots=True)
class JoinedSteps:
    """Grows a reading unit by unit; node 0 is the problem, every other is a step's text in its place.

    Attributes:
        texts: per step of the tree; equal positions are one text.
        step: per node which step's text it is.
        above: per node the node whose text stands in front of it.
        goes_on: per node whether it goes on with the unit of the node above.
        over: per node whether a unit is over behind it.
    """

    texts: Sequence[str]
    step: list[int] = field(default_factory=lambda: [0])
    above: list[int] = field(default_factory=lambda: [-1])
    goes_on: list[bool] = field(default_factory=lambda: [False])
    over: list[bool] = field(default_factory=lambda: [True])
    _known: dict[tuple[int, int, bool], int] = field(default_factory=dict)

    def unit(self, after: int, steps: Sequence[int]) -> int:
        """Return the node where the unit of ``steps`` behind the unit that ends at ``after`` ends."""
        node = after
        for number, step in enumerate(steps):
            node = self._next(node, step, goes_on=number > 0)
        self.over[node] = True
        return node

    def reading(self) -> tuple[Reading, list[int]]:
        """Return the reading, and per node the piece behind which its unit is over (-1: none is)."""
        below: list[list[int]] = [[] for _ in self.step]
        for node, up in enumerate(self.above):
            if up >= 0:
                below[up].append(node)
        made = _Pieces()
        ends = [-1] * len(self.step)
        said: set[int] = set()
        waiting = [(0, -1)]
        while waiting:
            node, up = waiting.pop()
            step = self.step[node]
            text = (BETWEEN if self.goes_on[node] else "") + self.texts[step]
            forks = any(self.goes_on[child] for child in below[node])
            # A step's own place comes before its repeats: nodes are numbered in that order.
            again = node == 0 or self.goes_on[node] or step in said
            said.add(step)
            piece = made.add(up, text, NO_STEP if forks else step, not forks, again)
            if forks and self.over[node]:
                ends[node] = made.add(piece, "", step, True, again)
            elif not forks:
                ends[node] = piece
            # The stack gives back the first child first; those behind the separator come first.
            ordered = sorted(below[node], key=lambda child: self.goes_on[child])
            waiting += [
                (child, piece if self.goes_on[child] else ends[node]) for child in reversed(ordered)
            ]
        return made.reading(), ends

    def _next(self, node: int, step: int, *, goes_on: bool) -> int:
        key = (node, step, goes_on)
        if key not in self._known:
            self._known[key] = len(self.step)
            self.step.append(step)
            self.above.append(node)
            self.goes_on.append(goes_on)
            self.over.append(False)
        return self._known[key]


@dataclass(slots=True)
class _Pieces:
    """The columns of a reading while they grow."""

    parent: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    ends: list[bool] = field(default_factory=list)
    again: list[bool] = field(default_factory=list)

    def add(self, parent: int, text: str, origin: int, ends: bool, again: bool) -> int:
        """Append a piece and return its number."""
        self.parent.append(parent)
        self.text.append(text)
        self.origin.append(origin)
        self.ends.append(ends)
        self.again.append(again)
        return len(self.parent) - 1

    def reading(self) -> Reading:
        """Return the columns as a reading."""
        return Reading(
            parent=np.array(self.parent, dtype=np.int64),
            text=self.text,
            origin=np.array(self.origin, dtype=np.int64),
            ends=np.array(self.ends, dtype=bool),
            again=np.array(self.again, dtype=bool),
        )
