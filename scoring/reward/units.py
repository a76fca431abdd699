"""What one unit of a loss is, as tensors: what ``losses`` of a kind takes beside the head's outputs.

Places index the first axis of the head outputs that the loss is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class PairTensors:
    """U comparisons of two places each.

    Attributes:
        first: ``(U,)`` int64 places, the preferred one where one is.
        second: ``(U,)`` int64 places.
        preference: ``(U,)`` in [0, 1], how surely the first is better; 0.5 = tie.
        distance: ``(U,)`` how far apart the two are, in the units of what compared them.
    """

    first: Tensor
    second: Tensor
    preference: Tensor
    distance: Tensor


@dataclass(frozen=True, slots=True)
class TaggedTensors:
    """U comparisons, each with a number that says whose or by what it is.

    Attributes:
        pairs: the comparisons; where ``first`` is ``second`` it is no comparison but a label of that
            place, and ``preference`` is its target.
        tag: ``(U,)`` int64.
    """

    pairs: PairTensors
    tag: Tensor


@dataclass(frozen=True, slots=True)
class RankingTensors:
    """U rankings, one after another: best tier first, equal tier numbers are tied.

    Attributes:
        item: ``(I,)`` int64 places.
        tier: ``(I,)`` int64, rising within a ranking.
        start: ``(U + 1,)`` first item of each ranking, and I.
    """

    item: Tensor
    tier: Tensor
    start: tuple[int, ...]
