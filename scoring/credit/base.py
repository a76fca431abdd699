"""What a credit method takes and gives.

A method is a function ``(tree, **params) -> Credit``. ``assign`` checks its inputs and parameters
against its registry row and wraps the answer into a ``CreditResult``, which says what made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scoring.params import Param
    from scoring.tree import FloatArray, IntArray, NodeId, Tree

NO_SIGNAL = "no signal: all outcomes are equal"
IN_DEVIATIONS = "the numbers are standard deviations"
CONFIDENCE: Mapping[str, str] = {
    "CODE": "read in code that trains with it",
    "PAPER": "read in the paper",
    "3P": "read in other people's code or notes; the authors' source was not seen",
    "INDIRECT": "the paper's equation was not seen",
    "RECONSTRUCTED": "no formula was found; the nearest reading of the abstract",
    "TEXTBOOK": "a standard result",
    "OURS": "a choice of this project",
}
"""How a formula is known, by label; ``docs/methods.md`` says more."""


class TraceTable(Mapping["NodeId", "FloatArray"]):
    """Values per step of each trace, by the id of its end node; computed when looked up.

    The full table has as many cells as all paths together, which on a deep tree is far more than
    anybody looks at. Traces that end at the same node share one row.
    """

    def __init__(self, tree: Tree, values: Callable[[int, IntArray], FloatArray]) -> None:
        """Keep ``values``, which maps an end position and its path to ``(steps,)`` numbers."""
        self._tree = tree
        self._values = values

    @cached_property
    def _positions(self) -> dict[NodeId, int]:
        """The positions where traces end, by id; a page that shows nodes alone never asks."""
        ends = np.unique(self._tree.ends)
        return dict(zip(self._tree.ids[ends].tolist(), ends.tolist(), strict=True))

    def __getitem__(self, name: NodeId) -> FloatArray:
        """Return one value per step from the root's child to the node ``name``."""
        end = self._positions[name]
        return self._values(end, self._tree.path(end))

    def __iter__(self) -> Iterator[NodeId]:
        """Iterate over the ids of the nodes where traces end, in pre-order."""
        return iter(self._positions)

    def __len__(self) -> int:
        """Count the nodes where traces end."""
        return len(self._positions)


@dataclass(frozen=True, eq=False, slots=True)
class Credit:
    """A method's answer.

    Attributes:
        per_node: ``(N,)`` float64, NaN where undefined. If the method gives a node different
            numbers on different traces, their mean over the traces through it that have one.
        per_trace: values per step by end node where they differ by trace, else None.
        notes: sentences the legend must show.
        low, high: ``(N,)`` float64, the ends of each node's interval, or None for no intervals.
        unit: of these numbers where they are in another one than the row says, else "".
    """

    per_node: FloatArray
    per_trace: Mapping[NodeId, FloatArray] | None = None
    notes: tuple[str, ...] = ()
    low: FloatArray | None = None
    high: FloatArray | None = None
    unit: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class CreditResult:
    """Credit of every node, with what made it.

    Attributes:
        per_node: ``(N,)`` float64 aligned with ``tree.ids``, NaN where undefined and at the root.
        per_trace: ``{id of the end node: (steps on its path,)}``, or None if no step's value
            depends on the trace.
        method: registry key.
        version: of the method; results of two versions are never mixed.
        params: every parameter with the value used.
        notes: sentences the legend must show, such as "no signal: all outcomes are equal".
        n_outcomes: traces with a known outcome.
        low, high: ``(N,)`` float64, the ends of each node's interval, NaN where undefined; None for
            methods without intervals.
        unit: of the numbers.
    """

    per_node: FloatArray
    per_trace: Mapping[NodeId, FloatArray] | None
    method: str
    version: str
    params: Mapping[str, Any]
    notes: tuple[str, ...]
    n_outcomes: int
    low: FloatArray | None = None
    high: FloatArray | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class NeedsIf:
    """Inputs that a method needs only if the parameter ``param`` has the value ``value``."""

    param: str
    value: int | str | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MethodRow:
    """What menus, docs and tests need to know about a method without loading it.

    Attributes:
        key: stored in URLs and results, never renamed.
        label: what a person reads in the menu.
        target: ``"module:function"``, loaded on first use.
        version: raised whenever the numbers can change.
        needs: names of the inputs; ``INPUTS`` says where each comes from.
        signed: True if zero means "no credit either way", which decides the colour scale.
        unit: of the numbers, for the legend.
        confidence: how the formula is known, a key of ``CONFIDENCE``.
        source: where the formula was published.
        summary: one line for the menu.
        params: its parameters with defaults.
        probability: True if the numbers are probabilities where all of them lie in [0, 1]: their
            colours are fixed, 0.5 neutral.
        parts: True if it shows what it is given, so that it can show whatever else a model says of
            steps in place of the score.
        also: inputs that only some values of a parameter need.
        signed_scores: True if it wants scores from −1 to 1: it is given probabilities p as 2p − 1.
    """

    key: str
    label: str
    target: str
    version: str
    needs: tuple[str, ...]
    signed: bool
    unit: str
    confidence: str
    source: str
    summary: str
    params: tuple[Param, ...] = field(default=())
    probability: bool = False
    parts: bool = False
    also: tuple[NeedsIf, ...] = ()
    signed_scores: bool = False

    def needs_with(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the inputs needed under ``params``; what is not there has its default."""
        given = {param.name: params.get(param.name, param.default) for param in self.params}
        more = [name for one in self.also if given[one.param] == one.value for name in one.needs]
        return (*self.needs, *more)

    @property
    def known_from(self) -> str:
        """How the formula is known, in words behind its label."""
        return f"{self.confidence}: {CONFIDENCE[self.confidence]}"
