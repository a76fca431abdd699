"""By criterion: the running reward of a weighted sum of heads, taken apart.

    r(t) = Σ_c w_c r_c(t),   credit_c(t) = w_c (r_c(t) - r_c(t - 1)),   Σ_c credit_c(t) = r(t) - r(t - 1)

Exact by construction, and checked at every token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.attribution.base import Found
from scoring.attribution.subject import numbers
from scoring.errors import AttributionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.path import Path
    from scoring.attribution.subject import Subject

TOLERANCE = 1e-4
"""Largest difference between the sum of the parts and the reward, relative to the reward (at least 1)."""


def attribution(subject: Subject, path: Path, _problem: str, _steps: Sequence[str]) -> Found:
    """Return the running reward's change by token, and each criterion's part of it."""
    heads = getattr(subject.kind, "heads", None)
    if heads is None:
        raise AttributionError(
            "The model has one number and no heads by criterion: there is nothing to split."
        )
    subject.report(0.0)
    said = subject.heads(path.ids)  # (T, H)
    r = numbers(subject.readout(said))
    weights = np.array(subject.kind.weights, dtype=np.float64)
    parts = numbers(said) * weights  # (T, H)
    worst = float(np.abs(parts.sum(axis=1) - r).max())
    if worst > TOLERANCE * max(1.0, float(np.abs(r).max())):
        raise AttributionError(
            f"The parts by criterion miss the reward by {worst:.3g}: the model's combination is not the "
            "weighted sum that its config says."
        )
    start = max(path.first - 1, 0)
    changes = np.diff(parts, axis=0, prepend=parts[:1])
    changes[: path.first] = 0.0
    return Found(
        credit=changes.sum(axis=1),
        value=float(r[path.read]),
        baseline_value=float(r[start]),
        baseline="the running reward at the end of the problem",
        objectives={
            name: (float(weights[c]), float(parts[path.read, c]), changes[:, c])
            for c, name in enumerate(heads)
        },
    )
