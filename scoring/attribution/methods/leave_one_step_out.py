"""Leave one step out: credit(k) = R - R(path without step k), or with a neutral sentence in its place.

What stands in front of a step is the same with and without it: its keys and values are kept, and only
the steps behind are run again, from the last step to the first. The variants need not read as sensible text,
so this says what the reward would be if the step were absent, not how much it helped to write the rest.
The credits do not add up to anything where steps repeat or need each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.attribution.base import Found
from scoring.attribution.caches import CachedPath
from scoring.attribution.subject import numbers, plain_attention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.path import Path
    from scoring.attribution.subject import Float64, Subject
    from scoring.reward.shared import Int32

NOT_CACHED = "This decoder's keys and values cannot be reused, so every variant was run whole."
NO_STEP = "Without its only step this layout cannot be read; it was read at the end of the problem."


def attribution(
    subject: Subject,
    path: Path,
    problem: str,
    steps: Sequence[str],
    *,
    variant: str,
    sentence: str,
) -> Found:
    """Return each step's effect, spread over its tokens."""
    notes = []
    variants: list[Int32] = []
    for k in range(len(steps)):
        instead = [sentence] if variant == "neutral" else []
        ids = subject.layout.sequence(problem, [*steps[:k], *instead, *steps[k + 1 :]])
        if ids is None:
            notes.append(NO_STEP)
            ids = path.ids[: max(path.first, 1)]
        variants.append(ids)
    if subject.caches:
        r, without = _cached(subject, path.ids, variants)
    else:
        notes.append(NOT_CACHED)
        r, without = _recomputed(subject, path.ids, variants)
    whole = float(r[-1])
    return Found(
        credit=path.spread(whole - without),
        value=whole,
        baseline_value=float(r[max(path.first - 1, 0)]),
        baseline="the running reward at the end of the problem; the credits need not add up to it",
        notes=tuple(notes),
    )


def _cached(subject: Subject, ids: Int32, variants: Sequence[Int32]) -> tuple[Float64, Float64]:
    """Return f at every token of the path and of each variant, running no beginning twice."""
    kept = [_shared(variant, ids) for variant in variants]
    values = np.empty(len(variants))
    with plain_attention(subject):
        subject.report(0.0)
        walk = CachedPath(subject, ids)
        whole = numbers(subject.readout(walk.heads))
        order = sorted(range(len(variants)), key=lambda k: -kept[k])
        for done, k in enumerate(order, start=1):
            subject.report(done / (len(order) + 1))
            rest = variants[k][kept[k] :]
            if len(rest):
                values[k] = numbers(subject.readout(walk.after(kept[k], rest)))
            else:  # the path itself reads there
                values[k] = whole[kept[k] - 1]
    return whole, values


def _recomputed(subject: Subject, ids: Int32, variants: Sequence[Int32]) -> tuple[Float64, Float64]:
    """Return the same, every variant from its first token on."""
    found = []
    for done, row in enumerate([ids, *variants]):
        subject.report(done / (len(variants) + 1))
        found.append(subject.values(row))
    return found[0], np.array([values[-1] for values in found[1:]])


def _shared(a: Int32, b: Int32) -> int:
    """Count the tokens that both begin with."""
    length = min(len(a), len(b))
    differ = np.flatnonzero(a[:length] != b[:length])
    return int(differ[0]) if len(differ) else length
