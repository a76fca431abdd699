"""What several orders compute from the scores of paths: pure functions of arrays.

Arrays are ``(T, D)``: a row for each trace, its first step first, NaN where there is no score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import FloatArray


def mean_along(values: FloatArray) -> FloatArray:
    """Return the mean of each row over what is known, NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def entropy(p: FloatArray) -> FloatArray:
    """Return the binary entropy of probabilities in nats, element by element; NaN stays."""
    q = np.clip(p, 1e-12, 1 - 1e-12)
    said: FloatArray = -(q * np.log(q) + (1 - q) * np.log1p(-q))
    return said


def ambiguity(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return P(error) · H(k | error) and P(error) for each row of ``(T, D)`` scores."""
    known = np.isfinite(scores)
    p = np.where(known, np.clip(scores, 0.0, 1.0), 1.0)
    so_far = np.cumprod(p, axis=1)
    before = np.concatenate([np.ones((len(p), 1)), so_far[:, :-1]], axis=1)
    q = before * (1 - p)
    error = q.sum(axis=1)
    share = q / np.where(error > 0, error, 1.0)[:, None]
    place = -np.where(share > 0, share * np.log(np.where(share > 0, share, 1.0)), 0.0).sum(axis=1)
    some = known.any(axis=1)
    return np.where(some, error * place, np.nan), np.where(some, error, np.nan)
