"""Two pictures of one column of numbers: the whole tree as a map, and one path step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.templatetags.heat import heat_class, level_class
from annotator.views.pages.evaluations.axes import axis
from annotator.views.reading.drawing import Drawing, coordinate
from scoring.heatmap import MISSING, classes, number_text
from scoring.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.views.reading.sides import Column
    from scoring.heatmap import Scale
    from scoring.tree import FloatArray, IntArray

WIDTH, LEGEND = 760, 26
# Above this many nodes, boxes would be narrower than a unit: cells show the mean of what they cover.
MOST_BOXES = 1_500
MOST_LEVELS, MAP_HEIGHT, TALLEST = 120, 420, 22
MOST_ROWS = 80
ROW, NAMES, NUMBERS, TOP = 20, 330, 60, 8


def map_drawing(column: Column, limits: Scale, depth: IntArray, prompt: str) -> Drawing:
    """Draw every node: x is the place in reading order, y the depth, colour the number."""
    ends = Tree.from_columns(ids=np.arange(len(depth)), depth=depth).subtree_end
    deepest = int(depth.max(initial=0))
    levels = min(deepest + 1, MOST_LEVELS)
    tall = max(2.0, min(float(TALLEST), MAP_HEIGHT / levels))
    said = f"Map of {len(depth) - 1:,} steps of {prompt[:80]}, coloured by {column.label}."
    drawing = Drawing(WIDTH, int(np.ceil(LEGEND + tall * levels)) + 2, said)
    _legend(drawing, limits, column.label)
    if len(depth) <= MOST_BOXES and deepest < MOST_LEVELS:
        _boxes(drawing, column.values, limits, depth, ends, tall)
    else:
        _cells(drawing, column.values, limits, depth, ends, levels, tall)
    return drawing


def _boxes(
    drawing: Drawing,
    values: FloatArray,
    limits: Scale,
    depth: IntArray,
    ends: IntArray,
    tall: float,
) -> None:
    unit = WIDTH / max(1, len(depth))
    for at, value in enumerate(values.tolist()):
        title = "the problem" if at == 0 else f"step at {at}: {number_text(value)}"
        drawing.rect(
            at * unit,
            LEGEND + float(depth[at]) * tall,
            max(0.4, float(ends[at] - at) * unit),
            tall,
            heat_class(value, limits),
            title,
        )


def _cells(
    drawing: Drawing,
    values: FloatArray,
    limits: Scale,
    depth: IntArray,
    ends: IntArray,
    levels: int,
    tall: float,
) -> None:
    """Draw means over cells one unit wide, runs of one class as one box."""
    n = len(depth)
    known = np.isfinite(values)
    row = depth * levels // (int(depth.max()) + 1)
    first = np.arange(n) * WIDTH // n
    last = np.maximum(first + 1, -(-ends * WIDTH // n))
    sums, counts, nodes = (np.zeros((levels, WIDTH + 1)) for _ in range(3))
    for table, amount, some in (
        (sums, np.where(known, values, 0.0), known),
        (counts, np.ones(n), known),
        (nodes, np.ones(n), np.ones(n, np.bool_)),
    ):
        np.add.at(table, (row[some], first[some]), amount[some])
        np.add.at(table, (row[some], last[some]), -amount[some])
        np.cumsum(table, axis=1, out=table)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(counts > 0, sums / counts, np.nan)[:, :WIDTH]
    level = classes(means, limits).astype(np.int64)
    level[nodes[:, :WIDTH] <= 0] = MISSING - 1
    parts: dict[int, list[str]] = {}
    for y, line in enumerate(level):
        cuts = np.flatnonzero(np.diff(line, prepend=MISSING - 2, append=MISSING - 2))
        for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            top, high = coordinate(LEGEND + y * tall), coordinate(tall)
            box = f"M{start} {top}h{end - start}v{high}h-{end - start}z"
            parts.setdefault(int(line[start]), []).append(box)
    for key, boxes in sorted(parts.items()):
        if key != MISSING - 1:
            drawing.path("".join(boxes), level_class(key))


def _legend(drawing: Drawing, limits: Scale, label: str) -> None:
    drawing.text(0, 13, label)
    if limits.flat:
        drawing.text(WIDTH, 13, "no signal: nothing is coloured", "fig-muted", "end")
        return
    names = [f"heat-neg-{n}" for n in (4, 3, 2, 1)] if limits.two_sided else []
    names += ["heat-zero", *(f"heat-pos-{n}" for n in (1, 2, 3, 4))]
    x = WIDTH - 60 - 12 * len(names)
    low, high = (number_text(end, signed=limits.signed) for end in (limits.low, limits.high))
    drawing.text(x - 6, 13, low, "fig-muted", "end")
    for n, name in enumerate(names):
        drawing.rect(x + 12 * n, 4, 12, 11, name)
    drawing.text(x + 12 * len(names) + 6, 13, high, "fig-muted", "start")


def path_drawing(
    column: Column, limits: Scale, values: FloatArray, texts: Sequence[str]
) -> Drawing:
    """Draw the numbers of a path as bars from zero, with the first words of each step."""
    shown = values[:MOST_ROWS]
    known = shown[np.isfinite(shown)].tolist()
    across = axis([0.0, *known] if known else [0.0, 1.0], NAMES, WIDTH - NUMBERS)
    height = TOP + ROW * len(shown) + 22
    end = number_text(float(values[-1]), signed=limits.signed) if len(values) else "–"
    said = f"{len(values):,} steps by {column.label}; the last is {end}."
    drawing = Drawing(WIDTH, height, said)
    for tick in across.ticks:
        drawing.line(tick.at, TOP, tick.at, height - 20)
        drawing.text(tick.at, height - 6, tick.label, "fig-muted", "middle")
    zero = across.place(0.0)
    for n, (value, text) in enumerate(zip(shown.tolist(), texts, strict=False)):
        y = TOP + ROW * n
        drawing.text(0, y + 14, f"{n + 1}", "fig-muted")
        drawing.text(26, y + 14, cut(" ".join(text.split()) or "(empty)", 44))
        if np.isfinite(value):
            low, high = sorted((zero, across.place(value)))
            drawing.rect(low, y + 3, max(high - low, 1.0), ROW - 6, heat_class(value, limits))
        drawing.text(WIDTH - NUMBERS + 10, y + 14, number_text(value, signed=limits.signed))
    drawing.line(zero, TOP, zero, height - 20, "fig-edge")
    return drawing


def cut(text: str, most: int) -> str:
    """Return the first ``most`` characters, "…" for the last where more follow."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
