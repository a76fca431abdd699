"""The margin of a comparison as a waterfall: from the second total, bar by bar, to the first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from annotator.templatetags.heat import heat_class
from annotator.views.pages.evaluations.axes import axis
from annotator.views.reading.drawing import Drawing
from scoring.compare import Bar
from scoring.heatmap import number_text, scale

if TYPE_CHECKING:
    from annotator.views.reading.comparison import Comparison
    from scoring.compare import Waterfall

WIDTH, ROW, TOP, NAMES, NUMBERS = 580, 22, 8, 104, 64
# More bars than this are no picture: the smallest become one.
MOST_BARS = 24
OTHERS = -1


def waterfall_drawing(found: Comparison, fall: Waterfall) -> Drawing:
    """Draw the bars of a comparison; what is drawn adds up to the margin as the bars do."""
    bars = shown_bars(fall)
    ends = [end for bar in bars for end in (bar.start, bar.end)]
    across = axis([0.0, fall.first, fall.second, *ends], NAMES, WIDTH - NUMBERS)
    limits = scale([bar.size for bar in bars], signed=True, percentile=100.0)
    height = TOP + ROW * (len(bars) + 2) + 22
    drawing = Drawing(WIDTH, height, said(found, fall))
    for tick in across.ticks:
        drawing.line(tick.at, TOP, tick.at, height - 20)
        drawing.text(tick.at, height - 6, tick.label, "fig-muted", "middle")
    zero = across.place(0.0)
    drawing.line(zero, TOP, zero, height - 20, "fig-edge")
    _total(drawing, 0, "B in all", fall.second, zero, across.place(fall.second))
    for n, bar in enumerate(bars, 1):
        y = TOP + ROW * n
        name = _name(found, bar, len(fall.bars) - len(bars) + 1)
        low, high = sorted((across.place(bar.start), across.place(bar.end)))
        drawing.text(NAMES - 10, y + 15, name, "fig-ink", "end")
        drawing.line(across.place(bar.start), y - 4, across.place(bar.start), y + 4, "fig-edge")
        drawing.rect(
            low,
            y + 4,
            max(high - low, 1.0),
            ROW - 8,
            heat_class(bar.size, limits),
            f"{name}: {number_text(bar.size, digits=4)}",
        )
        drawing.text(WIDTH - NUMBERS + 10, y + 15, number_text(bar.size, digits=3))
    _total(drawing, len(bars) + 1, "A in all", fall.first, zero, across.place(fall.first))
    return drawing


def shown_bars(fall: Waterfall) -> list[Bar]:
    """Return the bars that are drawn: none of size zero, and the smallest of many as one at the end."""
    some = [bar for bar in fall.bars if bar.size != 0]
    if len(some) <= MOST_BARS:
        return _laid(some, fall.second)
    largest = sorted(some, key=lambda bar: -abs(bar.size))[: MOST_BARS - 1]
    kept = set(map(id, largest))
    rest = math.fsum(bar.size for bar in some if id(bar) not in kept)
    shown = [bar for bar in some if id(bar) in kept]
    return _laid([*shown, Bar(OTHERS, 0.0, rest)], fall.second)


def _laid(bars: list[Bar], at: float) -> list[Bar]:
    """Hang each bar on the end of the one before."""
    laid = []
    for bar in bars:
        laid.append(Bar(bar.row, at, bar.size))
        at += bar.size
    return laid


def _total(drawing: Drawing, n: int, name: str, value: float, zero: float, at: float) -> None:
    y = TOP + ROW * n
    drawing.text(NAMES - 10, y + 15, name, "fig-ink", "end")
    low, high = sorted((zero, at))
    drawing.rect(low, y + 5, max(high - low, 1.0), ROW - 10, "fig-total")
    drawing.text(WIDTH - NUMBERS + 10, y + 15, number_text(value, digits=3))


def _name(found: Comparison, bar: Bar, others: int) -> str:
    if bar.row is None:
        return "before step 1"
    if bar.row == OTHERS:
        return f"{others} other bars"
    i, j = found.pairs[bar.row]
    if i is None or j is None:
        return f"step {(i if i is not None else j or 0) + 1} of {'A' if i is not None else 'B'}"
    return f"step {i + 1}" if i == j else f"steps {i + 1} | {j + 1}"


def said(found: Comparison, fall: Waterfall) -> str:
    """Say the waterfall in a sentence."""
    margin = number_text(fall.margin, digits=3)
    return (
        f"A, {found.first.label}, ends at {number_text(fall.first, digits=3)}; B, {found.second.label}, "
        f"at {number_text(fall.second, digits=3)}. The margin of {margin} is the sum of the bars."
    )
