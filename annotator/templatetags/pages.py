"""Small words for the pages: durations, numbers as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html, format_html_join

from annotator.exporters.registry import EXPORTERS
from annotator.importers.registry import IMPORTERS
from annotator.services.imports import report as import_report
from scoring.verify.registry import CHECKERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

    from annotator.models import Rater

register = template.Library()
CHECKER = "checker:"
MINUTE, HOUR, DAY = 60, 3600, 86400


@register.filter
def duration(seconds: int | None) -> str:
    """Return seconds as ``42 s``, ``3 min``, ``3 min 5 s``, ``2 h 10 min`` or ``3 d 4 h``."""
    if seconds is None:
        return ""
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min" + (f" {seconds % MINUTE} s" if seconds % MINUTE else "")
    if seconds < DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE} min"
    return f"{seconds // DAY} d {seconds % DAY // HOUR} h"


@register.filter
def thousands(value: Any) -> str:
    """Return a whole number with commas between thousands, other values as they are."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@register.filter
def pairs(found: Mapping[Any, Any] | None) -> list[tuple[Any, Any]]:
    """Return the names of ``found`` with their values, in its order; none for None.

    Templates look for a key before a method: ``found.items`` is the value of a key "items" where
    there is one, and keys come from files, orders and people.
    """
    return list(found.items()) if found else []


@register.filter
def counted(n: int, unit: str) -> str:
    """Return a number with what it counts: ``1 place``, ``1,200 pairs of items``."""
    noun, of, rest = unit.partition(" of ")
    return f"{n:,} {noun}{'' if n == 1 else 's'}{of}{rest}"


@register.filter
def percent(share: float) -> str:
    """Return a share of 0 to 1 as ``30 %``; a decimal only where there is one."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


@register.filter
def fixed(value: float | None, digits: int = 3) -> str:
    """Return a number with a set number of digits and a real minus sign, a dash if missing."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


@register.filter
def format_label(key: str) -> str:
    """Return what a person calls an export format; a withdrawn one keeps its key."""
    row = EXPORTERS.get(key)
    return row.label if row else key


@register.filter
def import_label(key: str) -> str:
    """Return what a person calls an import format; one that is gone keeps its key."""
    row = IMPORTERS.get(key)
    return row.label if row else key


register.filter("records_new", import_report.records_new)


@register.filter
def rater_name(rater: Rater) -> str:
    """Return what a person calls a rater: a checker of ours by its label, others by their name."""
    row = CHECKERS.get(rater.name.removeprefix(CHECKER))
    return row.label if row and rater.name.startswith(CHECKER) else rater.name


@register.filter
def total(counts: dict[str, int]) -> int:
    """Return the sum of counts by reason."""
    return sum(counts.values())


@register.filter
def ticks(text: str) -> SafeString:
    """Return a sentence whose `commands` stand in ``<code>``; everything else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return format_html("{}", text)
    marked = (
        format_html("<code>{}</code>", part) if i % 2 else format_html("{}", part)
        for i, part in enumerate(parts)
    )
    return format_html_join("", "{}", ((part,) for part in marked))


@register.filter
def plain(value: Any) -> str:
    """Return a JSON value as a person would write it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value) or "–"
    return str(value)
