"""Drawing of rankings: where texts part, and strengths with their intervals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html

from annotator.templatetags.text import WORD, difference

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from scoring.preference.aggregate import Strengths

register = template.Library()
# "item 7", "items 7, 9 and 12": the ids in a sentence of the pure core.
ITEMS = re.compile(r"\bitems? \d+(?:(?:, | and |, and )\d+)*")
NUMBER = re.compile(r"\d+")
WIDTH, EDGE = 100, 4


@dataclass(frozen=True, slots=True)
class StrengthRow:
    """An item's strength and the places of its interval in a drawing 100 wide."""

    name: str
    value: float
    low: float
    high: float
    x: float
    x_low: float
    x_high: float
    zero: float


@register.simple_tag
def divergence(text: str, other: str) -> SafeString:
    """Draw ``text``: grey as far as ``other`` says the same, then with its own words marked."""
    at = _parting(text, other)
    rest = difference(text[at:], other[at:])
    return format_html('<span class="same">{}</span>{}', text[:at], rest) if at else rest


@register.simple_tag
def strength_rows(result: Strengths, letters: dict[int, str]) -> list[StrengthRow]:
    """Return the rows of a table of strengths; items that are not on screen keep their ids."""
    values = [item.estimate for item in result.items]
    reach = max([abs(edge) for e in values for edge in (e.low, e.high)] + [1e-9])

    def x(value: float) -> float:
        return round(WIDTH / 2 + value / reach * (WIDTH / 2 - EDGE), 1)

    return [
        StrengthRow(
            name=letters.get(item.item, f"{item.item}"),
            value=item.estimate.value,
            low=item.estimate.low,
            high=item.estimate.high,
            x=x(item.estimate.value),
            x_low=x(item.estimate.low),
            x_high=x(item.estimate.high),
            zero=x(0),
        )
        for item in result.items
    ]


@register.filter
def named(note: str, letters: dict[int, str]) -> str:
    """Return a note of ``aggregate`` with its items called by their letters."""

    def letter(found: re.Match[str]) -> str:
        return NUMBER.sub(lambda n: letters.get(int(n[0]), n[0]), found[0])

    return ITEMS.sub(letter, note)


def _parting(text: str, other: str) -> int:
    """Return where the first word begins that the two do not share."""
    at = 0
    for mine, theirs in zip(WORD.finditer(text), WORD.finditer(other), strict=False):
        if mine[0] != theirs[0]:
            break
        at = mine.end()
    return at
