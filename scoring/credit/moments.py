"""Mean and spread of many groups at once: of siblings, of steps in the same state, of strata.

A group whose numbers do not differ has spread 0 exactly, so that rounding never passes for a signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scoring.tree import FloatArray, IntArray

    Parts: TypeAlias = Callable[[], Iterable[tuple[IntArray, FloatArray]]]

ROUNDING = 1e-12  # a spread below this share of the mean is none


@dataclass(frozen=True, eq=False, slots=True)
class Moments:
    """Statistics of G groups.

    Attributes:
        mean: ``(G,)`` float64, NaN for an empty group.
        std: ``(G,)`` float64, 0 where the numbers do not differ, so also for a group of one.
        count: ``(G,)`` int64.
    """

    mean: FloatArray
    std: FloatArray
    count: IntArray

    def centered(self, keys: IntArray, values: FloatArray) -> FloatArray:
        """Return ``values − mean`` of each value's group: 0 where the group does not differ.

        ``(C,)``; NaN for a key below 0 and where the value is NaN.
        """
        found = np.where(self.std[keys] > 0, values - self.mean[keys], values * 0.0)
        return np.where(keys < 0, np.nan, found)

    def scores(self, keys: IntArray, values: FloatArray, *, eps: float) -> FloatArray:
        """Return ``(values − mean) / (std + eps)``: 0 where the group does not differ. ``(C,)``."""
        scale = np.where(self.std > 0, self.std + eps, 1.0)
        return self.centered(keys, values) / scale[keys]


def moments(parts: Parts, groups: int, *, ddof: int = 0) -> Moments:
    """Return the statistics of ``groups`` groups.

    Args:
        parts: called twice; yields blocks of ``(C,)`` group numbers and ``(C,)`` values. A group
            below 0 and a value that is NaN count nowhere.
        groups: G; there may be empty ones.
        ddof: 1 = sample, 0 = population standard deviation.
    """
    size = max(1, groups)
    total, count = np.zeros(size), np.zeros(size, np.int64)
    for keys, values in parts():
        known = (keys >= 0) & np.isfinite(values)
        total += np.bincount(keys[known], values[known], minlength=size)
        count += np.bincount(keys[known], minlength=size)
    mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
    squares = np.zeros(size)
    for keys, values in parts():
        known = (keys >= 0) & np.isfinite(values)
        squares += np.bincount(
            keys[known], (values[known] - mean[keys[known]]) ** 2, minlength=size
        )
    std = np.sqrt(squares / np.maximum(1, count - ddof))
    flat = (count < 2) | (std <= ROUNDING * np.abs(mean))
    return Moments(mean, np.where(flat, 0.0, std), count)


def moments_of(keys: IntArray, values: FloatArray, groups: int, *, ddof: int = 0) -> Moments:
    """Return the statistics of groups whose numbers are there at once; see ``moments``."""
    return moments(lambda: [(keys, values)], groups, ddof=ddof)
