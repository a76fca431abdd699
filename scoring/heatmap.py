"""From values to colour classes, limits and legend: numbers and their text, no HTML.

Signed values get limits symmetric about zero, shared by everything on screen and clipped at the
98th percentile, in nine classes from -4 (lowers) to +4 (raises). Unsigned values use the upper half
only. A missing value is not a zero: it has a class of its own.
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


@dataclass(frozen=True, slots=True)
class Scale:
    """Shared limits and the counts a legend needs.

    Attributes:
        low: value of the lowest class: ``-high`` if signed.
        high: value of the highest class; equal to ``low`` if there is nothing to tell apart.
        signed: zero is neutral and both sides are used.
        unit: what the numbers are in.
        count: values that are there.
        clipped: of these, how many lie beyond the limits and show the end colour.
        missing: values that are not there.
    """

    low: float
    high: float
    signed: bool
    unit: str
    count: int
    clipped: int
    missing: int

    @property
    def flat(self) -> bool:
        """True if nothing can be told apart: no values, or all at zero (equal, if unsigned)."""
        return self.low == self.high


def scale(
    *columns: npt.ArrayLike, signed: bool, unit: str = "", percentile: float = PERCENTILE
) -> Scale:
    """Return the limits shared by ``columns``, everything that is on screen together.

    NaN is missing. Where the percentile leaves no room (nearly all values are equal) the limits are
    the extremes, so that the few others are seen.
    """
    values = np.concatenate([np.asarray(c, np.float64).ravel() for c in columns] or [np.empty(0)])
    known = values[np.isfinite(values)]
    missing = len(values) - len(known)
    if not len(known):
        return Scale(0.0, 0.0, signed, unit, count=0, clipped=0, missing=missing)
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
    return Scale(low, high, signed, unit, count=len(known), clipped=clipped, missing=missing)


def fractions(values: npt.ArrayLike, limits: Scale) -> FloatArray:
    """Map values to [-1, 1] (signed) or [0, 1], clipped at the limits; NaN stays NaN."""
    array = np.asarray(values, np.float64)
    if limits.flat:
        return np.where(np.isfinite(array), 0.0, np.nan)
    if limits.signed:
        return np.clip(array / limits.high, -1.0, 1.0)
    return np.clip((array - limits.low) / (limits.high - limits.low), 0.0, 1.0)


def classes(values: npt.ArrayLike, limits: Scale) -> npt.NDArray[np.int8]:
    """Sort values into the classes -4 … +4 (0 … +4 if unsigned), ``MISSING`` for NaN.

    The classes are equally wide: signed, class 0 is the middle ninth, and exactly zero is always
    in it.
    """
    share = fractions(values, limits)
    known = np.isfinite(share)
    size = np.abs(np.where(known, share, 0.0))
    if limits.signed:
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


def legend_text(limits: Scale) -> str:
    """Say the limits in words: "−0.50 to +0.50 standard deviations, 3 clipped, 2 missing"."""
    if not limits.count:
        return f"no values, {limits.missing} missing"
    low = number_text(limits.low, signed=limits.signed)
    high = number_text(limits.high, signed=limits.signed)
    parts = [f"{low} to {high} {limits.unit}".rstrip()]
    if limits.clipped:
        parts.append(f"{limits.clipped} clipped")
    if limits.missing:
        parts.append(f"{limits.missing} missing")
    return ", ".join(parts)
