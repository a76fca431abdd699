"""The texts of a path as spans, one for each token, in blocks of a step.

Made by joining strings: templates would take seconds for 32,000 tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotator.templatetags.heat import level_class
from scoring.heatmap import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from annotator.models import Step
    from annotator.views.attribution.measured import GrainedSignal
    from annotator.views.attribution.shown import Grained

MARK = "¶"
NAMES = [*(level_class(level) for level in range(-4, 5)), level_class(MISSING)]


@dataclass(frozen=True, slots=True)
class Block:
    """A step of the path.

    Attributes:
        step: the step.
        number: its place on the path, from 1.
        html: its text as spans; every character once.
        credit: sum of its tokens, or its number of a signal; None if it has none.
        error: standard error of that, None where nothing is drawn.
    """

    step: Step
    number: int
    html: SafeString
    credit: float | None
    error: float | None


def blocks(
    found: Grained | GrainedSignal, steps: Sequence[Step], *, texts: bool = True
) -> Iterator[Block]:
    """Yield the steps of the path with their tokens; without ``texts`` their numbers alone."""
    shown = found.shown
    levels = [NAMES[level] for level in (found.levels + 4).tolist()]
    edges = np.searchsorted(shown.step, np.arange(len(steps) + 1)).tolist()
    of_steps = dict(enumerate(found.per_step.tolist()))
    begins, ends = shown.begin.tolist(), shown.end.tolist()
    for number, step in enumerate(steps):
        parts = []
        for i in range(edges[number], edges[number + 1]) if texts else ():
            text = step.text[begins[i] : ends[i]]
            own = escape(text) if text else MARK
            mark = "" if text else " mark"
            parts.append(f'<span class="t heat {levels[i]}{mark}" data-i="{i}">{own}</span>')
        plain = escape(step.text) if texts and not parts else ""
        own_number = of_steps.get(number, 0.0)
        yield Block(
            step=step,
            number=number + 1,
            html=mark_safe(plain or "".join(parts)),  # noqa: S308 - every text was escaped
            credit=own_number if math.isfinite(own_number) else None,
            error=None if shown.errors is None else float(shown.errors[number]),
        )
