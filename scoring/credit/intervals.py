"""Intervals of shares: how far k successes of n let the true rate be guessed. All by array."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scoring.tree import FloatArray

JEFFREYS = 0.5
MANY = 1e5  # beyond this Beta is normal to four digits of its width
HALVINGS = 40


def wilson(share: FloatArray, count: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return ``(low, high)`` of Wilson's score interval, each ``(K,)``, within [0, 1]."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    shrunk = 1.0 + z * z / count
    centre = (share + z * z / (2 * count)) / shrunk
    half = z / shrunk * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)


def beta(share: FloatArray, count: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return ``(low, high)`` of the equal-tailed Beta interval with the prior of Jeffreys.

    As usual with that prior the interval reaches 0 where nothing succeeded, and 1 where all did.
    """
    pairs, which = np.unique(np.column_stack([share, count]), axis=0, return_inverse=True)
    rate, n = pairs[:, 0], np.minimum(pairs[:, 1], MANY)
    a, b = rate * n + JEFFREYS, (1 - rate) * n + JEFFREYS
    tail = (1 - level) / 2
    low = np.where(rate == 0, 0.0, _quantile(a, b, tail))
    high = np.where(rate == 1, 1.0, _quantile(a, b, 1 - tail))
    if len(pairs):  # the width falls with the root of the count where it was cut
        scale = np.sqrt(n / pairs[:, 1])
        low, high = rate - (rate - low) * scale, rate + (high - rate) * scale
    which = which.reshape(-1)
    return np.clip(low, 0.0, 1.0)[which], np.clip(high, 0.0, 1.0)[which]


def _quantile(a: FloatArray, b: FloatArray, p: float) -> FloatArray:
    """Return the p-quantile of each Beta(a, b), by halving."""
    low, high = np.zeros(len(a)), np.ones(len(a))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = beta_share(middle, a, b) < p
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return (low + high) / 2


def beta_share(x: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the regularised incomplete beta function I_x(a, b) for 0 < x < 1: ``(K,)``."""
    turned = x > (a + 1) / (a + b + 2)
    y, p, q = np.where(turned, 1 - x, x), np.where(turned, b, a), np.where(turned, a, b)
    front = np.exp(
        p * np.log(y) + q * np.log1p(-y) + _log_gamma(p + q) - _log_gamma(p) - _log_gamma(q)
    )
    found = front / p * _fraction(y, p, q)
    return np.asarray(np.where(turned, 1 - found, found))


def _fraction(x: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the continued fraction of I_x(a, b), by Lentz's method, which stops when it stands."""
    tiny = 1e-300
    c = np.ones_like(x)
    d = 1.0 / _away(1 - (a + b) * x / (a + 1), tiny)
    found = d.copy()
    for m in range(1, 400):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away(1 + top * d, tiny)
            c = _away(1 + top / c, tiny)
            found = found * c * d
        if np.all(np.abs(c * d - 1) < 1e-10):
            break
    return np.asarray(found)


def _away(x: FloatArray, tiny: float) -> FloatArray:
    return np.where(np.abs(x) < tiny, tiny, x)


def _log_gamma(x: FloatArray) -> FloatArray:
    """Return log Γ(x) for x > 0, by Stirling's series eight steps up."""
    product = np.ones_like(x)
    for k in range(8):
        product = product * (x + k)
    y = x + 8
    series = 1 / (12 * y) - 1 / (360 * y**3) + 1 / (1260 * y**5)
    log: FloatArray = (y - 0.5) * np.log(y) - y + 0.5 * np.log(2 * np.pi) + series - np.log(product)
    return log
