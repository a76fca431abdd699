"""Axes of a picture: ranges that end at round numbers, and the ticks on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_TICKS = 5
MOST_DOUBLINGS = 7
# What floats can tell apart and subtract without running over.
SMALLEST, LARGEST = 1e-300, 1e300


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick: its place in the picture and what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values laid on a range of the picture.

    Attributes:
        low, high: the values at its ends.
        start, end: their places.
        log: whether equal factors are equally far apart.
        values: where ticks are.
    """

    low: float
    high: float
    start: float
    end: float
    values: tuple[float, ...]
    log: bool = False

    def place(self, value: float) -> float:
        """Return where ``value`` stands; what lies outside stands at the end."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        share = (at - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> tuple[Mark, ...]:
        """The ticks with their labels, all with the same number of decimals."""
        decimals = max((_decimals(value) for value in self.values), default=0)
        return tuple(
            Mark(self.place(value), f"{value:,.{decimals}f}".replace("-", "−"))
            for value in self.values
        )


def axis(
    values: Iterable[float], start: float, end: float, *, unit: bool = False, log: bool = False
) -> Axis:
    """Return an axis for ``values``.

    Args:
        values: what must be on it, at least one.
        start: place of its lower end.
        end: place of its upper end.
        unit: 0 to 1, whatever the values are.
        log: logarithmic; the values are positive, and the ticks are they themselves.
    """
    known = [min(max(value, -LARGEST), LARGEST) for value in values]
    low, high = min(known), max(known)
    if log:
        own = sorted(set(known))
        stride = -(-len(own) // MOST_DOUBLINGS)
        return Axis(low, high, start, end, tuple(own[::-1][::stride][::-1]), log=True)
    if unit:
        return Axis(0.0, 1.0, start, end, (0.0, 0.25, 0.5, 0.75, 1.0))
    if high - low < SMALLEST:
        size = abs(low) if abs(low) > SMALLEST else 1.0
        low, high = low - size * 0.1, high + size * 0.1
    step = _step(high - low)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(step * k, 10) for k in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], start, end, ticks)


def _step(span: float) -> float:
    """Return the least round step that crosses ``span`` in a few steps."""
    size = 10.0 ** math.floor(math.log10(span / MOST_TICKS))
    return next(size * step for step in STEPS if size * step * MOST_TICKS >= span * (1 - 1e-9))


def _decimals(value: float) -> int:
    text = f"{value:.6f}".rstrip("0")
    return len(text) - text.index(".") - 1
