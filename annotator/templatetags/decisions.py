"""What reviewers decide on, as the page of a case says it: letters of items, ratings, orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html

from annotator.queries.guidelines.taxonomy import error_type_label
from annotator.queries.rankings.places import letters
from annotator.templatetags.heat import rating_mark
from scoring.preference.notation import order_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

    from annotator.queries.adjudication.cases import Case

register = template.Library()
MINUTE = 60


@register.filter
def letter(at: int) -> str:
    """Return the name of the item at a place: A, B … Z, AA and so on."""
    return letters(range(at + 1))[at]


@register.filter
def seconds(milliseconds: int) -> str:
    """Return a short time as people say it."""
    spent = milliseconds / 1000
    return f"{spent:.0f} s" if spent < MINUTE else f"{spent / MINUTE:.0f} min"


@register.simple_tag
def said_rating(state: Mapping[str, Any], types: Mapping[str, str]) -> SafeString:
    """Draw the rating that a decision or a blind answer holds."""
    kind, text = rating_mark(state.get("rating"), unsure=state.get("unsure", False))
    key = state.get("error_type", "")
    more = [error_type_label(key, types)] if key else []
    more += ["repairs an earlier error"] if state.get("realises_error") else []
    return format_html('<span class="label {}">{}</span> {}', kind, text, " · ".join(more))


@register.simple_tag
def said_order(state: Mapping[str, Any], case: Case) -> str:
    """Return the order that a decision holds, with the letters of the page."""
    name = {item: key for key, item in case.items.items()}
    return order_text(state["tiers"], state.get("aside", []), state.get("failed", []), name)
