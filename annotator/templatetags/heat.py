"""Signed numbers in pages: their text and their heat class, both from ``scoring.heatmap``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html

from scoring.heatmap import MISSING, Scale, classes, number_text

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

register = template.Library()
MARKS = {-1: ("bad", "−1"), 0: ("neutral", "0"), 1: ("good", "+1")}
"""CSS class and text of a rating."""


def heat_class(value: float | None, scale: Scale) -> str:
    """Return the CSS class of a value: ``heat-neg-4`` … ``heat-pos-4``, ``heat-none`` if missing."""
    level = MISSING if value is None else int(classes([value], scale)[0])
    return level_class(level)


def level_class(level: int) -> str:
    """Return the CSS class of a level -4 … 4 of ``scoring.heatmap.classes``."""
    if level == MISSING:
        return "heat-none"
    if level == 0:
        return "heat-zero"
    return f"heat-{'neg' if level < 0 else 'pos'}-{abs(level)}"


@register.simple_tag
def heat_chip(value: float | None, scale: Scale, digits: int = 2) -> SafeString:
    """Draw a value as a small coloured mark with sign and number."""
    return format_html(
        '<span class="chip heat {}">{}</span>',
        heat_class(value, scale),
        number_text(value, signed=scale.signed, digits=digits),
    )


@register.simple_tag
def heat_cell(value: float | None, scale: Scale, digits: int = 2) -> SafeString:
    """Draw a value as a table cell."""
    return format_html(
        '<td class="num heat {}">{}</td>',
        heat_class(value, scale),
        number_text(value, signed=scale.signed, digits=digits),
    )


@register.filter
def number(value: float | None, digits: int = 2) -> str:
    """Write an unsigned number."""
    return number_text(value, signed=False, digits=int(digits))


@register.filter
def signed(value: float | None, digits: int = 2) -> str:
    """Write a number with its sign."""
    return number_text(value, signed=True, digits=int(digits))


@register.filter
def count(number: int) -> str:
    """Write a whole number with separators between the thousands."""
    return f"{number:,}"


def rating_mark(rating: int | None, *, unsure: bool) -> tuple[str, str]:
    """Return CSS class and text of a rating: "−1", "0", "+1", "unsure", or "seen" without one."""
    if unsure:
        return "unsure", "unsure"
    return ("seen", "seen") if rating is None else MARKS[rating]


@register.filter
def rating(label: object) -> str:
    """Write the rating of a label, span or example."""
    return _mark(label)[1]


@register.filter
def rating_class(label: object) -> str:
    """Return the CSS class of its chip."""
    return _mark(label)[0]


def _mark(label: object) -> tuple[str, str]:
    # Spans and examples cannot be unsure.
    return rating_mark(getattr(label, "rating", None), unsure=getattr(label, "unsure", False))
