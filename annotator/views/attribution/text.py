"""The texts of a path as markup, and how the scripts cut them into pieces.

The texts are all in the page, for the browser's search and for readers of screens; a span for each
piece is drawn where the text is about to be seen (``static/js/reading/token_text.js``), so a path of
20,000 steps opens like one of ten.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotator.views.attribution.shown import LETTERS, NONE
from scoring.heatmap import MISSING, classes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from annotator.models import Step
    from annotator.views.attribution.measured import GrainedSignal, ShownSignal
    from annotator.views.attribution.shown import Grained, Shown
    from scoring.tree import IntArray

MOST_STEPS, MOST_CHARACTERS = 48, 6_000
"""A chunk ends with either: small enough to be drawn between two frames, few enough to watch."""
BEYOND = 0xFFFF
"""Characters after this one are two units of a script's string."""


def texts_html(steps: Sequence[Step]) -> SafeString:
    """Return the texts as blocks in chunks, every character once.

    Made by joining strings: a template would take seconds for 20,000 steps.
    """
    parts = []
    for chunk in _chunks([step.text for step in steps]):
        parts.append('<div class="token-chunk">')
        # a bare CR would be read as a line feed, and a CR LF as one character
        parts += [
            f'<section class="token-block"><p class="step-text">{escape(text)}</p></section>'
            for text in chunk
        ]
        parts.append("</div>")
    return mark_safe("".join(parts).replace("\r", "&#13;"))  # noqa: S308 - every text was escaped


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield neighbours that are drawn together."""
    first = characters = 0
    for at, text in enumerate(texts):
        full = characters + len(text) > MOST_CHARACTERS or at - first >= MOST_STEPS
        if at > first and full:
            yield texts[first:at]
            first, characters = at, 0
        characters += len(text)
    if first < len(texts):
        yield texts[first:]


def cut_told(shown: Shown | ShownSignal, steps: Sequence[Step]) -> dict[str, list[int]]:
    """Return how the scripts cut the texts.

    Returns:
        ``ids`` and ``counts`` of the steps, the latter in pieces; ``lengths`` of the pieces in units of
        UTF-16, 0 for a mark of the layout.
    """
    return {
        "ids": [step.pk for step in steps],
        "counts": np.bincount(shown.step, minlength=len(steps)).tolist(),
        "lengths": _lengths(shown, [step.text for step in steps]).tolist(),
    }


def _lengths(shown: Shown | ShownSignal, texts: Sequence[str]) -> IntArray:
    """Return ``(P,)`` the length of each piece as scripts count."""
    points = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4")
    wide = np.concatenate([[0], np.cumsum(points > BEYOND)])
    sizes = np.array([len(text) for text in texts], np.int64)
    size, start = sizes[shown.step], (np.cumsum(sizes) - sizes)[shown.step]
    # what was found in texts that were changed since may end behind them
    begin, end = start + np.minimum(shown.begin, size), start + np.minimum(shown.end, size)
    return np.asarray(end - begin + wide[end] - wide[begin], np.int64)


def steps_told(found: Grained | GrainedSignal, count: int) -> dict[str, Any]:
    """Return the number of each of ``count`` steps, its level as a letter, and its standard error."""
    own = np.zeros(count)
    own[: len(found.per_step)] = found.per_step[:count]
    levels = classes(own, found.steps_scale).astype(np.int64)
    levels = np.where(levels == MISSING, NONE, levels)
    errors = found.shown.errors
    return {
        "credit": [value if math.isfinite(value) else None for value in own.tolist()],
        "levels": "".join(LETTERS[level] for level in (levels + 4).tolist()),
        "errors": None if errors is None else [float(error) for error in errors],
    }
