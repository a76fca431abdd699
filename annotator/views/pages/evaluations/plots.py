"""Pictures of an evaluation as server-drawn SVG: geometry here, marks in the template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotator.views.pages.charts import number
from annotator.views.pages.evaluations.axes import Mark, axis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from annotator.views.pages.evaluations.axes import Axis
    from scoring.evaluation.base import Plot

WIDTH, HEIGHT = 400, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 34
NAMES, VALUES, ROW = 140, 42, 22
# Values that are alike must not hide one another.
BESIDE, PAIRED = {2: -4.0, 3: 4.0}, {1: -4.0, 2: 4.0}
Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its style, its path, the band of its intervals, and its points."""

    label: str
    style: int
    path: str
    band: str
    dots: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A value on a row of bars, with its interval (equal ends: none)."""

    style: int
    at: float
    y: float
    low: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a class, split or rule."""

    label: str
    y: float
    text: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot ready to draw in a box of ``width`` × ``height``."""

    title: str
    said: str
    x: tuple[Mark, ...]
    y: tuple[Mark, ...]
    x_label: str = ""
    y_label: str = ""
    lines: tuple[Line, ...] = ()
    bars: tuple[Bar, ...] = ()
    legend: tuple[tuple[int, str], ...] = ()
    diagonal: str = ""
    paired: bool = False
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    width: int = WIDTH
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def middle(self) -> float:
        """Where the name of the x axis stands."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Curve:
    """Points to draw: estimates by x, with the style and words of the line."""

    label: str
    style: int
    points: tuple[tuple[float, Found], ...]
    banded: bool = True


def pictures(plots: Iterable[Plot], numbers: Sequence[Found]) -> list[Picture]:
    """Return the pictures of a report that its numbers suffice for."""
    drawn = [_bars(plot, numbers) if plot.bars else _curves(plot, numbers) for plot in plots]
    return [picture for picture in drawn if picture is not None]


def paired_pictures(
    plots: Iterable[Plot], differences: Sequence[Found], names: tuple[str, str]
) -> list[Picture]:
    """Return the pictures of a comparison: both models where one stands in those of a report."""
    drawn = []
    for plot in plots:
        if plot.bars:
            rows = [
                (found["split"], [(1, found["first"]), (2, found["second"])])
                for found in _family(differences, plot.bars)
            ]
            legend = [(1, names[0]), (2, names[1])]
            drawn.append(draw_bars(plot, rows, legend, paired=True))
            continue
        shown = [
            Curve(name, style, _points(differences, series, side))
            for series, _ in plot.curves
            for style, (side, name) in enumerate(zip(("first", "second"), names, strict=True), 1)
        ]
        drawn.append(draw_curves(plot, shown))
    return [picture for picture in drawn if picture is not None]


def draw_curves(plot: Plot, curves: Iterable[Curve]) -> Picture | None:
    """Return curves in one box, None if none has two points."""
    shown = [curve for curve in curves if len(curve.points) > 1]
    if not shown:
        return None
    xs = [x for curve in shown for x, _ in curve.points]
    ys = [value for curve in shown for _, found in curve.points for value in _ends(found)]
    fixed = plot.diagonal
    across = axis(xs, LEFT, WIDTH - RIGHT, unit=fixed, log=plot.log)
    up = axis(ys, HEIGHT - BOTTOM, TOP, unit=fixed)
    lines = tuple(_line(curve, across, up) for curve in shown)
    diagonal = f"M{LEFT} {HEIGHT - BOTTOM}L{WIDTH - RIGHT} {TOP}" if plot.diagonal else ""
    said = "; ".join(
        f"{curve.label}: {number(curve.points[0][1]['value'])} at {number(curve.points[0][0])} to "
        f"{number(curve.points[-1][1]['value'])} at {number(curve.points[-1][0])}"
        for curve in shown
    )
    return Picture(
        plot.title,
        f"{plot.title}. {said}.",
        across.ticks,
        up.ticks,
        plot.x,
        plot.y,
        lines=lines,
        legend=tuple((line.style, line.label) for line in lines),
        diagonal=diagonal,
    )


def draw_bars(
    plot: Plot,
    rows: Sequence[tuple[str, list[tuple[int, Found]]]],
    legend: list[tuple[int, str]],
    *,
    paired: bool = False,
) -> Picture | None:
    """Return one row per class with values and intervals, None if fewer than two have a value."""
    known = [(label, [d for d in dots if d[1]["value"] is not None]) for label, dots in rows]
    known = [(label, dots) for label, dots in known if dots]
    if len(known) < 2:
        return None
    ends = [end for _, dots in known for _, found in dots for end in _ends(found)]
    inside = plot.unit and min(ends) >= 0 and max(ends) <= 1
    apart = PAIRED if paired else BESIDE
    across = axis(ends, NAMES, WIDTH - VALUES, unit=inside)
    bars = tuple(
        Bar(
            label,
            TOP + ROW * at + ROW / 2,
            number(dots[0][1]["value"]),
            tuple(
                _dot(style, found, across, TOP + ROW * at + ROW / 2 + apart.get(style, 0.0))
                for style, found in dots
            ),
        )
        for at, (label, dots) in enumerate(known)
    )
    bottom = TOP + ROW * len(known)
    said = ", ".join(f"{bar.label} {bar.text}" for bar in bars)
    return Picture(
        plot.title,
        f"{plot.title}: {said}.",
        across.ticks,
        (),
        plot.y,
        bars=bars,
        legend=tuple(legend),
        paired=paired,
        height=bottom + BOTTOM,
        left=NAMES,
        right=WIDTH - VALUES,
        bottom=bottom,
    )


def _curves(plot: Plot, numbers: Sequence[Found]) -> Picture | None:
    curves = [
        Curve(label, style, _points(numbers, series, "estimate"))
        for style, (series, label) in zip((1, 4, 3, 2), plot.curves, strict=False)
    ]
    if plot.diagonal:  # two diagrams of the same scores must be told apart at a glance
        curves = [Curve(c.label, at, c.points, banded=at == 1) for at, c in enumerate(curves, 1)]
    if plot.beside:
        first = plot.curves[0][0]
        for style, name in ((2, "length"), (3, "format")):
            points = _points(numbers, first, name)
            curves.append(Curve(f"{name} alone", style, points, banded=False))
    return draw_curves(plot, curves)


def _bars(plot: Plot, numbers: Sequence[Found]) -> Picture | None:
    rows = []
    names: dict[str, int] = {}
    for found in _family(numbers, plot.bars):
        dots = [(1, found["estimate"])]
        for style, (name, against) in enumerate(_beside(plot, found), 2):
            dots.append((style, against["value"]))
            names[f"{name} alone"] = style
        rows.append((found["split"], dots))
    return draw_bars(plot, rows, [(1, "model"), *((style, name) for name, style in names.items())])


def _beside(plot: Plot, found: Found) -> list[tuple[str, Found]]:
    order = ("length", "format")
    kept = found["baselines"] if plot.beside else {}
    return [(name, kept[name]) for name in order if name in kept]


def _family(numbers: Sequence[Found], stem: str) -> list[Found]:
    """Return the numbers of a family that are of one split each."""
    return [
        found
        for found in numbers
        if found["split"] and found["key"].split(":")[0].split("@")[0] == stem
    ]


def _points(numbers: Sequence[Found], series: str, side: str) -> tuple[tuple[float, Found], ...]:
    """Return the points of a curve that have a value, by x; ``side`` is an estimate or a baseline."""
    found = []
    for one in numbers:
        if one["series"] != series or one["x"] is None:
            continue
        estimate = one.get(side) or one.get("baselines", {}).get(side, {}).get("value")
        if estimate and estimate["value"] is not None:
            found.append((float(one["x"]), estimate))
    return tuple(sorted(found, key=lambda point: point[0]))


def _ends(found: Found) -> list[float]:
    return [found[name] for name in ("value", "low", "high") if found[name] is not None]


def _line(curve: Curve, across: Axis, up: Axis) -> Line:
    places = [(across.place(x), found) for x, found in curve.points]
    path = "".join(
        f"{'L' if at else 'M'}{x} {up.place(found['value'])}"
        for at, (x, found) in enumerate(places)
    )
    bounded = [(x, found) for x, found in places if found["low"] is not None]
    band = ""
    if curve.banded and len(bounded) > 1:
        there = [f"{x} {up.place(found['high'])}" for x, found in bounded]
        back = [f"{x} {up.place(found['low'])}" for x, found in reversed(bounded)]
        band = f"M{'L'.join([*there, *back])}Z"
    dots = tuple(
        (x, up.place(found["value"]), f"{number(at)}: {number(found['value'])}")
        for (x, found), (at, _) in zip(places, curve.points, strict=True)
    )
    return Line(curve.label, curve.style, path, band, dots)


def _dot(style: int, found: Found, across: Axis, y: float) -> Dot:
    at = across.place(found["value"])
    low = across.place(found["low"]) if found["low"] is not None else at
    high = across.place(found["high"]) if found["high"] is not None else at
    return Dot(style, at, y, low, round(high - low, 1))
