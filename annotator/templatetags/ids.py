"""Ids of elements that are swapped or focused: ``<noun>-<pk>[-part]``, made in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

if TYPE_CHECKING:
    from django.db.models import Model

register = template.Library()


@register.simple_tag
def dom_id(row: Model, part: str = "") -> str:
    """Return the id of ``row``'s element, or of a named part of it."""
    name = f"{row._meta.model_name}-{row.pk}"
    return f"{name}-{part}" if part else name
