"""Correlations and other small numbers that checks are made of. Numpy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def pearson(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the correlation of two columns; 0 where one of them is flat."""
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 0 else 0.0


def fitted(y: npt.ArrayLike, *columns: Float64) -> Float64:
    """Return the least-squares coefficients of ``columns``, with a constant beside them that is left out."""
    design = np.column_stack((np.ones(len(columns[0])), *columns))
    found: Float64 = np.linalg.lstsq(design, np.asarray(y, np.float64), rcond=None)[0][1:]
    return found


def ranks(values: npt.ArrayLike) -> Float64:
    """Return ranks from 0, equal values sharing their mean rank."""
    array = np.asarray(values, np.float64)
    _, group, counts = np.unique(array, return_inverse=True, return_counts=True)
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    return (first + (counts - 1) / 2)[group]


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the rank correlation of two columns; 0 where one of them is flat."""
    return pearson(ranks(a), ranks(b))


def z_score(value: float, others: npt.ArrayLike) -> float:
    """Return how many standard deviations (ddof 1) of ``others`` a value lies above their mean."""
    array = np.asarray(others, np.float64)
    spread = float(array.std(ddof=1))
    gap = value - float(array.mean())
    if spread > 0:
        return gap / spread
    return 0.0 if gap == 0 else float(np.copysign(np.inf, gap))


def sign_agreement(found: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Return the share of places with a truth other than 0 where both have the same sign."""
    x, y = np.asarray(found, np.float64), np.asarray(truth, np.float64)
    there = y != 0
    return float((np.sign(x[there]) == np.sign(y[there])).mean()) if there.any() else 1.0


def top_recall(found: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Return the share of the places worth something that are among as many highest |found|."""
    x, y = np.abs(np.asarray(found, np.float64)), np.asarray(truth) != 0
    count = int(y.sum())
    if not count:
        return 1.0
    top = np.argsort(-x, kind="stable")[:count]
    return float(y[top].mean())
