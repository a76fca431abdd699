"""Curves as server-drawn SVG: geometry here, marks in the template, no inline style."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.training.config import MID_RUN_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 320, 120
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 8, 18
MOST_POINTS = 300
_HELD_OUT = f"on the first {MID_RUN_PROBLEMS} held-out problems at most"
HELD_OUT = (
    "pair_accuracy",
    "log_loss",
    "outcome_auroc",
    "outcome_average_precision",
    "graded_auroc",
    "graded_average_precision",
    "auroc",
    "average_precision",
)
SHARE = (0.0, 1.0)
SHARES = frozenset(HELD_OUT) - {"log_loss"}
"""Curves of values from 0 to 1, by name."""
NOTES = dict.fromkeys(HELD_OUT, _HELD_OUT)
"""What a curve does not show by itself, by name."""
FIRST = (*HELD_OUT, "loss", "label_loss", "lm_loss", "learning_rate")
WORDS = {"auroc": "AUROC", "outcome_auroc": "AUROC of outcomes", "lm_loss": "language-model loss"}


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line: its place and what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One curve ready to draw in a box of ``width`` × ``height``."""

    name: str
    path: str
    last: float
    last_step: int
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    dot: tuple[float, float]
    note: str = ""
    axis: str = "step"
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def middle(self) -> float:
        """Where the name of the x axis stands."""
        return (self.left + self.right) / 2

    @property
    def last_text(self) -> str:
        """The newest value in four digits."""
        return number(self.last)


def charts(curves: Mapping[str, Sequence[tuple[int, float]]]) -> list[Chart]:
    """Return one chart per curve with a finite point: how good it is first, then the losses."""
    first = {name: place for place, name in enumerate(FIRST)}
    names = sorted(curves, key=lambda name: (first.get(name, len(first)), name))
    drawn = (chart(name, curves[name], within=SHARE if name in SHARES else None) for name in names)
    return [c for c in drawn if c is not None]


def chart(
    name: str,
    points: Sequence[tuple[int, float]],
    *,
    axis: str = "step",
    within: tuple[float, float] | None = None,
) -> Chart | None:
    """Return ``points`` (step, value; steps rising) as a chart, None if no value is finite.

    ``axis`` says what the steps are, ``within`` the least and the largest value there can be.

    Long curves are thinned to about 300 points; the last one is always kept.
    """
    known = [(step, value) for step, value in points if math.isfinite(value)]
    if not known:
        return None
    stride = -(-len(known) // MOST_POINTS)
    kept = [*known[:-1:stride], known[-1]]
    low, high = min(v for _, v in known), max(v for _, v in known)
    if low == high:
        low, high = low - (abs(low) or 1) * 0.5, high + (abs(high) or 1) * 0.5
        if within is not None:
            low, high = max(low, within[0]), min(high, within[1])
    first, last = kept[0][0], kept[-1][0]

    def x(step: int) -> float:
        share = (step - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    path = "".join(f"{'L' if i else 'M'}{x(s)} {y(v)}" for i, (s, v) in enumerate(kept))
    middle = (low + high) / 2
    steps = (first, last) if last > first else (last,)
    return Chart(
        name=WORDS.get(name, name.replace("_", " ")),
        path=path,
        last=kept[-1][1],
        last_step=last,
        x=tuple(Tick(x(step), f"{step:,}") for step in steps),
        y=tuple(Tick(y(value), number(value)) for value in (high, middle, low)),
        dot=(x(last), y(kept[-1][1])),
        note=NOTES.get(name, ""),
        axis=axis,
    )


def number(value: float) -> str:
    """Return ``value`` in about four digits, as people write numbers."""
    size = abs(value)
    if size != 0 and (size < 1e-4 or size >= 1e7):
        return f"{value:.1e}".replace("-", "−")
    digits = 4 if size < 0.1 else 3 if size < 10 else 1 if size < 1000 else 0
    return f"{value:,.{digits}f}".replace("-", "−")
