"""Estimates as people read them: a share in percent, a time in seconds, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from scoring.resample import Estimate

register = template.Library()


@register.filter
def share_estimate(estimate: Estimate) -> SafeString:
    """Return a share as ``80 % (49 to 94), n 10``."""
    return _shown(estimate, 100, "%", digits=0, signed=False)


@register.filter
def share_change(estimate: Estimate) -> SafeString:
    """Return a difference of shares in percentage points, with its sign."""
    return _shown(estimate, 100, "pp", digits=0, signed=True)


@register.filter
def seconds_estimate(estimate: Estimate) -> SafeString:
    """Return milliseconds as seconds: the median with the quartiles."""
    return _shown(estimate, 0.001, "s", digits=1, signed=False)


def _shown(
    estimate: Estimate, factor: float, unit: str, *, digits: int, signed: bool
) -> SafeString:
    if estimate.value is None:
        why = estimate.undefined.removeprefix("undefined because ")
        return format_html('<span class="muted small">– {}</span>', why)

    def text(value: float) -> str:
        sign = "+" if signed else ""
        shown = f"{value * factor:{sign}.{digits}f}"
        return shown.lstrip("+-") if float(shown) == 0 else shown.replace("-", "−")

    if estimate.low is None or estimate.high is None:
        return format_html(
            '{} {} <span class="sub">n {}</span>', text(estimate.value), unit, estimate.n
        )
    return format_html(
        '{} {} <span class="sub" title="{}">{} to {}, n {}</span>',
        text(estimate.value),
        unit,
        estimate.method,
        text(estimate.low),
        text(estimate.high),
        estimate.n,
    )
