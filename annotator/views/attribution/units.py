"""Pieces of a path summed to units: tokens, words, sentences or steps."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, cast

import numpy as np

from scoring.attribution.grouping import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.views.attribution.measured import ShownSignal
    from annotator.views.attribution.shown import Shown
    from scoring.attribution.base import Attribution as Found
    from scoring.attribution.grouping import Level
    from scoring.tree import FloatArray, IntArray

GRAINS = {"token": "tokens", "word": "words", "sentence": "sentences", "step": "steps"}


def cut_of(step: IntArray, begin: IntArray, end: IntArray) -> str:
    """Name the cut of texts into pieces."""
    cut = np.stack([step, begin, end]).astype("<i4").tobytes()
    return hashlib.blake2b(cut, digest_size=8).hexdigest()


def units_of(shown: Shown | ShownSignal, texts: Sequence[str], grain: str) -> IntArray:
    """Return ``(P,)`` the unit of each piece, numbered over the whole path."""
    if grain == "token":
        return np.arange(len(shown.step))
    found = np.zeros(len(shown.step), np.int64)
    said, level = cast("Found", shown), cast("Level", grain)  # it has the same columns
    first = 0
    edges = np.searchsorted(shown.step, np.arange(len(texts) + 1))
    for number, text in enumerate(texts):
        here = slice(edges[number], edges[number + 1])
        begins = [unit.begin for unit in grouped(said, number, text, level)]
        if not begins:
            continue
        own = np.searchsorted(begins, shown.begin[here], side="right") - 1
        found[here] = first + np.maximum(own, 0)
        first += len(begins)
    return found


def units_told(unit_of: IntArray, count: int, grain: str) -> list[int] | None:
    """Return ``(U,)`` how many pieces each unit has, side by side; None: every piece is its own unit."""
    return None if grain == "token" else np.bincount(unit_of, minlength=count).tolist()


def short(values: FloatArray) -> list[float | None]:
    """Keep six significant digits; None where there is no value."""
    return [float(f"{x:.6g}") if math.isfinite(x) else None for x in values.tolist()]
