"""The bracket of a span beside the cards of a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.templatetags.heat import rating_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import SpanLabel, Step


def bracket(step: Step, spans: Sequence[SpanLabel]) -> str:
    """Return the classes of the part of a span's bracket that stands at a step, "" = none.

    Of several spans the last in tree order is drawn, as in the outline.
    """
    over = [
        span
        for span in spans
        if span.first.preorder <= step.preorder <= span.last.preorder < step.subtree_end
    ]
    if not over:
        return ""
    span = over[-1]
    parts = ["in-span", f"span-{rating_class(span)}"]
    parts += ["span-top"] * (span.first_id == step.pk) + ["span-foot"] * (span.last_id == step.pk)
    return " ".join(parts)
