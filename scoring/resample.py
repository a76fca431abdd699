"""Numbers with intervals by resampling problems, of annotators as of models.

A statistic is written as a function of sums over problems. Resampling problems with replacement
then only changes how often each problem's row counts, so a thousand replicates are one product of a
matrix of counts with a matrix of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
# (B, columns) sums → (B,) values, NaN where there is none.
Statistic: TypeAlias = Callable[[FloatArray], FloatArray]

_CELLS_AT_ONCE = 4_000_000
_DENSE_CELLS = 20_000_000
_NARROW = 64
_FEW = 10  # drawing one number per merged row costs as much as drawing ten problems
METHOD = "percentile bootstrap over problems"
REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval and origin. It is never NaN: what has no value has a reason.

    Attributes:
        value: the point estimate, or None.
        low: lower end of the interval that ``method`` names, or None where there is none.
        high: upper end of it.
        n: units that the value rests on (items, rankings, steps; the statistic says which).
        n_raters: annotators that the value rests on, 0 if it is not about annotators.
        method: how the interval was made, "" without one.
        replicates: resamplings that the interval rests on, 0 for a formula.
        seed: of the resampling; the same seed gives the same interval.
        undefined: why there is no value, as a sentence that starts with "undefined because".
        notes: what a reader must know, such as how many items were left out.

    Raises:
        ValueError: for NaN or infinity, or neither a value nor a reason.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    n_raters: int = 0
    method: str = ""
    replicates: int = 0
    seed: int | None = None
    undefined: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.undefined):
            raise ValueError("an estimate has either a value or the reason why not")
        for number in (self.value, self.low, self.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"an estimate cannot be {number}")


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made: ``replicates`` resamplings of problems; 0 gives no interval."""

    replicates: int = REPLICATES
    seed: int = 0
    level: float = 0.95


def table(row: IntArray, column: IntArray, amount: FloatArray, shape: tuple[int, int]) -> Any:
    """Add amounts up into a ``(problems, columns)`` matrix, sparse where a dense one is too large."""
    if shape[0] * shape[1] <= _DENSE_CELLS:
        flat = np.bincount(row * shape[1] + column, amount, minlength=shape[0] * shape[1])
        return flat.reshape(shape)
    from scipy import sparse  # here, since most tables do without it

    return sparse.csr_array((amount, (row, column)), shape=shape)


def estimate(
    parts: Any,
    statistic: Statistic,
    *,
    undefined: str,
    n: int,
    resampling: Resampling,
    n_raters: int = 0,
    notes: tuple[str, ...] = (),
) -> Estimate:
    """Compute a statistic of all problems and its interval.

    Args:
        parts: ``(problems, columns)`` from ``table``.
        statistic: of the sums of rows.
        undefined: the reason, should it have no value.
        n: units behind the value.
        resampling: how often and with which seed.
        n_raters: annotators behind the value, 0 if it is not about annotators.
        notes: for the reader.
    """
    value = float(statistic(np.asarray(parts.sum(axis=0), np.float64).reshape(1, -1))[0])
    if not np.isfinite(value):
        return Estimate(None, n=n, n_raters=n_raters, undefined=undefined, notes=notes)
    plain = Estimate(value, n=n, n_raters=n_raters, notes=notes)
    if not resampling.replicates:
        return plain
    parts = parts[np.asarray(abs(parts).sum(axis=1)).ravel() > 0]
    if parts.shape[0] < 2:
        return Estimate(
            value, n=n, n_raters=n_raters, notes=(*notes, "no interval: all is of one problem")
        )
    drawn = replicates(parts, statistic, resampling)
    known = drawn[np.isfinite(drawn)]
    if len(known) < len(drawn):
        notes = (*notes, f"{len(drawn) - len(known)} of {len(drawn)} resamplings had no value")
    if len(known) < len(drawn) / 2:
        return Estimate(value, n=n, n_raters=n_raters, notes=(*notes, "no interval"))
    low, high = percentiles(known, resampling.level) or (None, None)
    return Estimate(
        value,
        low,
        high,
        n=n,
        n_raters=n_raters,
        method=f"{resampling.level:.0%} {METHOD}",
        replicates=len(known),
        seed=resampling.seed,
        notes=notes,
    )


def percentiles(drawn: FloatArray, level: float) -> tuple[float, float] | None:
    """Return the ends of the interval of ``level`` over resamplings; those without a value are left out.

    Returns:
        None if no resampling has a value.
    """
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def replicates(parts: Any, statistic: Statistic, resampling: Resampling) -> FloatArray:
    """Return the statistic of each resampling of rows, ``(replicates,)``, NaN where it has none."""
    rng = np.random.default_rng(resampling.seed)
    rows, count = parts, None
    total = int(parts.shape[0])
    if isinstance(parts, np.ndarray) and parts.shape[1] <= _NARROW:
        merged, times = np.unique(parts, axis=0, return_counts=True)
        if len(merged) * _FEW <= total:
            rows, count = merged, times
    if not resampling.replicates:  # a point estimate only, as while a model trains
        return np.zeros(0)
    chunks = _chunks(resampling.replicates, max(rows.shape))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate(
            [
                statistic(np.asarray(_weights(rng, size, total, count) @ rows, np.float64))
                for size in chunks
            ]
        )


def _weights(rng: np.random.Generator, size: int, total: int, count: IntArray | None) -> FloatArray:
    """Draw how often each row counts in ``size`` resamplings of ``total`` problems.

    Equal rows were merged into one with its ``count``: drawing their number is drawing problems.
    """
    if count is not None:
        return rng.multinomial(total, count / total, size=size).astype(np.float64)
    drawn = rng.integers(0, total, size=(size, total)) + total * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * total).reshape(size, total).astype(float)


def _chunks(replicates: int, width: int) -> Iterator[int]:
    """Cut the replicates so that no chunk's matrices become large."""
    size = max(1, _CELLS_AT_ONCE // max(width, 1))
    for start in range(0, replicates, size):
        yield min(size, replicates - start)
