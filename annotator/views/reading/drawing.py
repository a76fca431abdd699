"""Pictures as SVG: one list of shapes, drawn into a page by class or into a file by fixed colours.

A file carries its colours as presentation attributes, so it looks the same everywhere and needs no
style; numbers are written with one decimal, so the same picture is the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.html import escape as html_escape
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

# The light theme's values of ``tokens.css``: figures are for paper.
COLORS = {
    "heat-neg-4": "#f28e42",
    "heat-neg-3": "#f7a872",
    "heat-neg-2": "#f9c29d",
    "heat-neg-1": "#fadbc8",
    "heat-zero": "#f5f5f5",
    "heat-pos-1": "#cbe6fe",
    "heat-pos-2": "#a6d5ff",
    "heat-pos-3": "#80c4fe",
    "heat-pos-4": "#50b3ff",
    "heat-none": "#ffffff",
}
INK, MUTED, LINE, EDGE = "#16181d", "#5d636e", "#e3e6ea", "#868d98"
STROKES = {"fig-line": LINE, "fig-edge": EDGE, "fig-curve": "#1f5fbf"}
WORDS = {"fig-ink": INK, "fig-muted": MUTED}
FILLS = {"fig-band-1": "#d8e4f5", "fig-band-2": "#a9c4e8", "fig-total": "#c9ced6"}
FONT = "Inter, 'Segoe UI', system-ui, 'Helvetica Neue', Arial, sans-serif"
PAPER = "#ffffff"
FOOT_LINE, FOOT_SIZE, FOOT_WIDTH, MARGIN = 14, 10, 5.4, 12
TITLE_LINE, TITLE_WIDTH = 18, 8.0


# What XML 1.0 does not allow even as a reference: control characters and the two non-characters.
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """Return ``text`` for markup, with "\ufffd" for every character that XML has no way to write."""
    return html_escape(NOT_XML.sub("\ufffd", text))


def coordinate(value: float) -> str:
    """Write a place in the picture with at most one decimal."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


@dataclass
class Drawing:
    """Shapes in a box of ``width`` × ``height``; ``said`` is what a screen reader says of it."""

    width: int
    height: int
    said: str
    _shapes: list[str] = field(default_factory=list)
    _file: list[str] = field(default_factory=list)

    def rect(
        self, x: float, y: float, width: float, height: float, style: str, title: str = ""
    ) -> None:
        """Add a filled box; ``title`` is what pointing at it says."""
        place = (
            f'x="{coordinate(x)}" y="{coordinate(y)}" width="{coordinate(width)}"'
            f' height="{coordinate(height)}"'
        )
        fill = COLORS.get(style) or FILLS.get(style, PAPER)
        edge = f' stroke="{EDGE}" stroke-width="0.5"' if style not in FILLS else ""
        self._add("rect", place, style, f'fill="{fill}"{edge}', title)

    def path(self, d: str, style: str) -> None:
        """Add an area (a heat or band style) or a line."""
        if style in STROKES:
            look = f'fill="none" stroke="{STROKES[style]}" stroke-width="1.5"'
        else:
            look = f'fill="{COLORS.get(style) or FILLS.get(style, PAPER)}"'
        self._add("path", f'd="{d}"', style, look)

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "fig-line") -> None:
        """Add a straight line."""
        place = " ".join(
            f'{name}="{coordinate(value)}"'
            for name, value in (("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2))
        )
        self._add("line", place, style, f'stroke="{STROKES[style]}"')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        style: str = "fig-ink",
        anchor: str = "start",
        size: int = 11,
    ) -> None:
        """Add a line of words; ``y`` is its base line."""
        place = f'x="{coordinate(x)}" y="{coordinate(y)}" text-anchor="{anchor}" font-size="{size}"'
        inside = escape(words)
        self._shapes.append(f'<text {place} class="{style}">{inside}</text>')
        self._file.append(f'<text {place} fill="{WORDS[style]}">{inside}</text>')

    def _add(self, tag: str, place: str, style: str, look: str, title: str = "") -> None:
        inside = f"<title>{escape(title)}</title>" if title else ""
        self._shapes.append(f'<{tag} {place} class="{style}">{inside}</{tag}>')
        self._file.append(f"<{tag} {place} {look}>{inside}</{tag}>")

    def inline(self) -> SafeString:
        """Return the picture as a page draws it."""
        head = (
            f'<svg class="fig" viewBox="0 0 {self.width} {self.height}" width="{self.width}"'
            f' height="{self.height}" role="img" aria-label="{escape(self.said)}">'
        )
        return mark_safe(f"{head}{''.join(self._shapes)}</svg>")  # noqa: S308  escaped above

    def file(self, title: str, provenance: Sequence[str]) -> str:
        """Return the picture as a file: a title above it and what made it below."""
        wide = self.width + 2 * MARGIN
        lines = [line for text in provenance for line in _wrapped(text, wide - 2 * MARGIN)]
        names = _wrapped(title, wide - 2 * MARGIN, TITLE_WIDTH)
        top = 12 + TITLE_LINE * len(names)
        high = top + self.height + FOOT_LINE * len(lines) + 2 * MARGIN
        foot = "".join(
            f'<text x="{MARGIN}" y="{top + self.height + MARGIN + FOOT_LINE * (n + 1) - 4}"'
            f' font-size="{FOOT_SIZE}" fill="{MUTED}">{escape(line)}</text>'
            for n, line in enumerate(lines)
        )
        head = "".join(
            f'<text x="{MARGIN}" y="{20 + TITLE_LINE * n}" font-size="13" font-weight="600"'
            f' fill="{INK}">{escape(line)}</text>'
            for n, line in enumerate(names)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}"'
            f' height="{high}" font-family="{FONT}">'
            f"<title>{escape(title)}</title><desc>{escape(' '.join(provenance))}</desc>"
            f'<rect width="{wide}" height="{high}" fill="{PAPER}"/>'
            f"{head}"
            f'<g transform="translate({MARGIN} {top})">{"".join(self._file)}</g>{foot}</svg>\n'
        )


def _wrapped(text: str, width: int, character: float = FOOT_WIDTH) -> list[str]:
    """Break a line at spaces; a character is about ``character`` wide."""
    most = max(20, int(width / character))
    lines, at = [], ""
    for word in text.split():
        if at and len(at) + 1 + len(word) > most:
            lines.append(at)
            at = word
        else:
            at = f"{at} {word}" if at else word
    return [*lines, at] if at else lines
