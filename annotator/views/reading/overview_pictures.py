"""Pictures of an overview: bands by depth, first errors, reliability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.views.pages.evaluations.axes import axis
from annotator.views.pages.evaluations.plots import Curve, draw_curves
from annotator.views.reading.drawing import Drawing, coordinate
from scoring.evaluation.base import Plot
from scoring.heatmap import number_text

if TYPE_CHECKING:
    from annotator.views.pages.evaluations.plots import Picture
    from annotator.views.reading.overview_numbers import ByDepth, Calibration
    from scoring.overview import Band, Histogram
    from scoring.resample import Estimate

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 230, 48, 12, 10, 34
BARS_HEIGHT = 150


def bands_drawing(found: ByDepth) -> Drawing | None:
    """Draw the middle half and the middle four fifths by depth, and the median; None without values."""
    if not found.bands:
        return None
    every = [mark for band in found.bands for mark in band.quantiles]
    up = axis(every, HEIGHT - BOTTOM, TOP)
    deepest = found.bands[-1].last
    step = (WIDTH - LEFT - RIGHT) / deepest
    said = "; ".join(
        f"depth {_span(band.first, band.last)}: median {number_text(band.quantiles[2])}, n {band.n}"
        for band in found.bands[:8]
    )
    drawing = Drawing(WIDTH, HEIGHT, f"{found.label} by depth. {said}.")
    for tick in up.ticks:
        drawing.line(LEFT, tick.at, WIDTH - RIGHT, tick.at)
        drawing.text(LEFT - 6, tick.at + 3, tick.label, "fig-muted", "end")
    # Each band is a block as wide as its depths: nothing is drawn where there is no value.
    for band in found.bands:
        x, wide = LEFT + (band.first - 1) * step, (band.last - band.first + 1) * step
        inset = min(2.0, wide / 8)
        title = (
            f"depth {_span(band.first, band.last)}, n {band.n:,}: median "
            f"{number_text(band.quantiles[2])}, half of the values {number_text(band.quantiles[1])} to "
            f"{number_text(band.quantiles[3])}"
        )
        for style, low, high in (("fig-band-1", 0, 4), ("fig-band-2", 1, 3)):
            top, bottom = up.place(band.quantiles[high]), up.place(band.quantiles[low])
            drawing.rect(x + inset, top, wide - 2 * inset, max(bottom - top, 0.8), style, title)
        y = coordinate(up.place(band.quantiles[2]))
        drawing.path(f"M{coordinate(x + inset)} {y}h{coordinate(wide - 2 * inset)}", "fig-curve")
    _depths(drawing, [(band.first, band.last) for band in found.bands], step, HEIGHT)
    return drawing


def bars_drawing(name: str, found: Histogram) -> Drawing:
    """Draw the share of traces by the depth of the first error; apart from them those without one."""
    shares = [count / found.n for _, _, count in found.bars]
    rest = found.none / found.n
    up = axis([0.0, *shares, rest], BARS_HEIGHT - BOTTOM, TOP)
    room = WIDTH - LEFT - RIGHT - 60
    step = room / max(1, found.bars[-1][1] if found.bars else 1)
    said = f"{name}: of {found.n:,} traces {found.none:,} without an error."
    drawing = Drawing(WIDTH, BARS_HEIGHT, said)
    for tick in up.ticks:
        drawing.line(LEFT, tick.at, WIDTH - RIGHT, tick.at)
        drawing.text(LEFT - 6, tick.at + 3, tick.label, "fig-muted", "end")
    floor = up.place(0.0)
    for (first, last, count), share in zip(found.bars, shares, strict=True):
        top = up.place(share)
        wide = (last - first + 1) * step
        title = f"first error at depth {_span(first, last)}: {count:,} of {found.n:,}"
        if count:
            x = LEFT + (first - 1) * step + 1
            drawing.rect(x, top, max(wide - 2, 0.8), max(floor - top, 0.8), "fig-band-2", title)
    x = WIDTH - RIGHT - 46
    title = f"no error: {found.none:,} of {found.n:,}"
    top = up.place(rest)
    drawing.rect(x, top, 40, max(floor - top, 0.8), "fig-total", title)
    drawing.text(x + 20, BARS_HEIGHT - 20, "none", "fig-muted", "middle")
    _depths(drawing, [(first, last) for first, last, _ in found.bars], step, BARS_HEIGHT)
    return drawing


def reliability_picture(found: Calibration) -> Picture | None:
    """Draw the share of right traces by bins of equal mass, with intervals over problems."""
    plot = Plot(
        "Reliability",
        "share of traces that end right",
        x="mean score of the bin",
        diagonal=True,
    )
    points = tuple((one.score, _ends(one.right)) for one in found.bins)
    return draw_curves(plot, [Curve("share that ends right", 1, points)])


def _ends(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _depths(drawing: Drawing, spans: list[tuple[int, int]], step: float, height: int) -> None:
    stride = max(1, -(-len(spans) // 12))
    for first, last in spans[::stride]:
        middle = LEFT + (first - 1 + (last - first + 1) / 2) * step
        drawing.text(middle, height - 20, _span(first, last), "fig-muted", "middle")
    drawing.text((LEFT + WIDTH - RIGHT) / 2, height - 5, "depth", "fig-muted", "middle")


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


def table_of(found: list[Band]) -> list[dict[str, Any]]:
    """Return the rows of the table below the bands."""
    return [
        {"depth": _span(band.first, band.last), "n": band.n, "quantiles": band.quantiles}
        for band in found
    ]
