"""Closed prefix: credit(k) = R(answer that ends after step k) - R(answer that ends after step k - 1).

Each prefix is closed by what closes an answer in this model's layout (end mark, template tail; of models
trained here the separator, which is there anyway) and read there, so that every number is read where the
model was trained to be read. The tokens of all prefixes form a tree whose shared beginnings stand once,
and one packed pass reads them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.attribution.base import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.path import Path
    from scoring.attribution.subject import Subject

NO_STEP = (
    "This layout cannot be read without a step: the first step's credit is counted from the end of the "
    "problem, where the model was not trained to be read."
)


def attribution(subject: Subject, path: Path, problem: str, steps: Sequence[str]) -> Found:
    """Return each step's change of the closed score, spread over its tokens."""
    subject.report(0.0)
    prefixes = [subject.layout.sequence(problem, steps[:k]) for k in range(len(steps) + 1)]
    empty = prefixes[0]
    prefixes[0] = path.ids[: max(path.first, 1)] if empty is None else empty
    scores = subject.at_ends([ids for ids in prefixes if ids is not None])  # (K + 1,)
    return Found(
        credit=path.spread(np.diff(scores)),
        value=float(scores[-1]),
        baseline_value=float(scores[0]),
        baseline="the score of the problem without a step",
        notes=(NO_STEP,) if empty is None else (),
    )
