"""Texts side by side: the pieces of a word difference, every character as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from annotator.queries.trees.sparklines import extent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

    from annotator.queries.trees.sparklines import Lines, Sparkline
    from annotator.views.reading.word_diff import Piece

register = template.Library()
NO_LINE = mark_safe(
    '<span class="muted" aria-hidden="true">–</span><span class="visually-hidden">no number</span>'
)
FORMS = {
    "same": "{}",
    "own": "<mark>{}</mark>",
    "first": '<mark class="first" title="The first words that differ">{}</mark>',
}


@register.simple_tag
def pieces(found: Iterable[Piece]) -> SafeString:
    """Draw a text with what the other one lacks marked, the first such place apart."""
    return format_html_join(
        "", "{}", ((format_html(FORMS[piece.sign], piece.text),) for piece in found)
    )


@register.filter
def residual(value: float) -> str:
    """Write what is left of a sum: 0, or a power of ten."""
    return "0" if value == 0 else f"{value:.1e}".replace("-", "−")


@register.simple_tag
def spark(line: Sparkline | None) -> SafeString:
    """Draw a one-line picture of scores, a dash where there is none."""
    if line is None:
        return NO_LINE
    return format_html(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{said}">'
        '<title>{said}</title><path d="{path}"/></svg>',
        w=line.width,
        h=line.height,
        said=line.said,
        path=line.path,
    )


@register.simple_tag
def row_spark(lines: Lines, problem_id: int, *ends: int | None) -> SafeString:
    """Draw the line of a row: of the path to the first step among ``ends``, else of the problem."""
    return spark(lines.drawn.get(extent(problem_id, *ends)))
