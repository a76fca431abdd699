"""From values to colour classes, limits and legend: numbers and their text, no HTML.

Signed values get limits symmetric about zero, shared by everything on screen and clipped at the
98th percentile, in nine classes from -4 (lowers) to +4 (raises). Probabilities get the same nine on
fixed limits, 0 to 1 about 0.5, so that a colour means one number on every tree. Other unsigned
values use the upper half only. A missing value is not a zero: it has a class of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scoring.tree import FloatArray

CLASSES = 4  # on each side of zero
MISSING = -128
PERCENTILE = 98.0
NO_VALUE = "–"
MINUS = "−"
UNDECIDED = 0.5  # the probability that says nothing either way


@dataclass(frozen=True, slots=True)
class Scale:
    """Shared limits and the counts a legend needs.

    Attributes:
        low: value of the lowest class: ``-high`` if signed.
        high: value of the highest class; equal to ``low`` if there is nothing to tell apart.
        signed: zero is neutral and both sides are used; numbers are written with their sign.
        unit: what the numbers are in.
        count: values that are there.
        clipped: of these, how many lie beyond the limits and show the end colour.
        missing: values that are not there.
        neutral: the value without colour; both sides are used if it lies between the limits.
    """

    low: float
    high: float
    signed: bool
    unit: str
    count: int
    clipped: int
    missing: int
    neutral: float = 0.0

    @property
    def two_sided(self) -> bool:
        """True if values below ``neutral`` have colours of their own."""
        return self.signed or self.low < self.neutral

    @property
    def flat(self) -> bool:
        """True if nothing can be told apart: no values, or all at zero (equal, if unsigned)."""
        return self.low == self.high


def scale(
    *columns: npt.ArrayLike,
    signed: bool,
    unit: str = "",
    percentile: float = PERCENTILE,
    probability: bool = False,
) -> Scale:
    """Return the limits shared by ``columns``, everything that is on screen together.

    NaN is missing. With ``probability`` the limits are 0 and 1 about 0.5, unless a value lies
    outside: then the numbers are none, and get limits as others do. Where the percentile leaves no room (nearly all values are equal) the limits are
    the extremes, so that the few others are seen.
    """
    values = np.concatenate([np.asarray(c, np.float64).ravel() for c in columns] or [np.empty(0)])
    known = values[np.isfinite(values)]
    missing = len(values) - len(known)
    if not len(known):
        return Scale(0.0, 0.0, signed, unit, count=0, clipped=0, missing=missing)
    if probability and known.min() >= 0 and known.max() <= 1:
        return Scale(0.0, 1.0, signed, unit, len(known), 0, missing, neutral=UNDECIDED)
    if signed:
        sizes = np.abs(known)
        high = float(np.percentile(sizes, percentile)) or float(sizes.max())
        low = -high if high else 0.0
    else:
        # a lower limit of zero where there is nothing below it: half as much is half as dark
        low = min(0.0, float(np.percentile(known, 100 - percentile)))
        high = float(np.percentile(known, percentile))
        if high <= low:
            low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
    clipped = int(((known < low) | (known > high)).sum())
    neutral = 0.0 if signed else low
    return Scale(low, high, signed, unit, len(known), clipped, missing, neutral)


def fractions(values: npt.ArrayLike, limits: Scale) -> FloatArray:
    """Map values to [-1, 1] (two-sided) or [0, 1], clipped at the limits; NaN stays NaN."""
    array = np.asarray(values, np.float64)
    if limits.flat:
        return np.where(np.isfinite(array), 0.0, np.nan)
    share = (array - limits.neutral) / (limits.high - limits.neutral)
    return np.clip(share, -1.0 if limits.two_sided else 0.0, 1.0)


def classes(values: npt.ArrayLike, limits: Scale) -> npt.NDArray[np.int8]:
    """Sort values into the classes -4 … +4 (0 … +4 if one-sided), ``MISSING`` for NaN.

    The classes are equally wide: two-sided, class 0 is the middle ninth, and the neutral value is
    always in it.
    """
    share = fractions(values, limits)
    known = np.isfinite(share)
    size = np.abs(np.where(known, share, 0.0))
    if limits.two_sided:
        level = np.floor(size * (CLASSES + 0.5) + 0.5)
    else:
        level = np.floor(size * (CLASSES + 1))
    level = np.minimum(level, CLASSES) * np.where(known, np.sign(share), 0.0)
    return np.where(known, level, MISSING).astype(np.int8)


def number_text(value: float | None, *, signed: bool = True, digits: int = 2) -> str:
    """Write a value as the legend and the cells do: "+0.24", "−0.06", "0.00"; "–" if missing.

    What rounds to zero has no sign. Unsigned values have no plus. Very large ones are written with
    a power of ten.
    """
    if value is None or not np.isfinite(value):
        return NO_VALUE
    text = f"{abs(value):.{digits}e}" if abs(value) >= 10**6 else f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed else text
