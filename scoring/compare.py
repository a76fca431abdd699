"""Two columns of step values held against each other: margins that add up, and rank correlation.

Pure numbers: what a step is, who may see it and how it looks is decided elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scoring.tree import FloatArray, IntArray

    Pair = tuple[int | None, int | None]

# How far bars may miss the margin, relative to the larger total: rounding of float64, nothing else.
TOLERANCE = 1e-9
FEW = "undefined because fewer than two steps have both numbers"
EQUAL_FIRST = "undefined because all numbers of the first are equal"
EQUAL_SECOND = "undefined because all numbers of the second are equal"


@dataclass(frozen=True, eq=False, slots=True)
class Course:
    """What each step of one path adds, and where that ends.

    Attributes:
        added: ``(K,)`` float64, what each step adds; 0 where the step has no number.
        offset: what stood there before the first step.
        total: the end of the path, read off and not summed for levels; the sum for credit.
        missing: steps without a number.
    """

    added: FloatArray
    offset: float
    total: float
    missing: int

    @property
    def end(self) -> float:
        """The total; NaN where no step has a number, since a sum of none says nothing of the path."""
        return self.total if self.missing < len(self.added) else math.nan


def _sum(values: Sequence[float]) -> float:
    """Add exactly; what is too large for a float adds up to no number."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.nan


def course(values: npt.ArrayLike, *, additive: bool, offset: float = 0.0) -> Course:
    """Return what each step of a path adds.

    Args:
        values: ``(K,)``, one number per step, NaN = missing.
        additive: the numbers are credit, and the path's total is their sum. Otherwise they are
            levels, such as a score after each step: a step adds the change from the last level that
            is known, and the total is the last one.
        offset: the level before the first step; of credit, what the total has beside the steps.
    """
    column = np.asarray(values, np.float64).ravel()
    known = np.isfinite(column)
    missing = int((~known).sum())
    if additive:
        added = np.where(known, column, 0.0)
        return Course(added, offset, _sum([offset, *added.tolist()]), missing)
    added = np.zeros(len(column))
    at = np.flatnonzero(known)
    if not len(at):
        return Course(added, offset, offset, missing)
    added[at] = np.diff(column[at], prepend=offset)
    return Course(added, offset, float(column[at[-1]]), missing)


@dataclass(frozen=True, slots=True)
class Bar:
    """A step of a waterfall: from ``start`` by ``size`` to ``start + size``.

    ``row`` is the number of the pair of steps, None for the offset.
    """

    row: int | None
    start: float
    size: float

    @property
    def end(self) -> float:
        """Where the bar ends."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How one path's total becomes the other's: ``second.total`` + all bars = ``first.total``.

    Attributes:
        bars: one for the offset where the two differ in it, then one per pair of steps.
        first, second: the totals.
        residual: margin minus the sum of the bars.
    """

    bars: tuple[Bar, ...]
    first: float
    second: float
    residual: float

    @property
    def margin(self) -> float:
        """The first total minus the second."""
        return self.first - self.second

    @property
    def exact(self) -> bool:
        """Whether the bars add up to the margin but for the rounding of float64."""
        return abs(self.residual) <= TOLERANCE * max(1.0, abs(self.first), abs(self.second))


def waterfall(first: Course, second: Course, pairs: Sequence[Pair]) -> Waterfall:
    """Return the bars that lead from the second total to the first.

    Args:
        first: of one path.
        second: of the other.
        pairs: which steps stand beside each other; each step of both paths stands in one pair, and
            beside None where the other path has nothing there.
    """
    sizes: list[tuple[int | None, float]] = []
    if first.offset != second.offset:
        sizes.append((None, first.offset - second.offset))
    for row, (i, j) in enumerate(pairs):
        own = float(first.added[i]) if i is not None else 0.0
        other = float(second.added[j]) if j is not None else 0.0
        sizes.append((row, own - other))
    bars, at = [], second.total
    for name, size in sizes:
        bars.append(Bar(name, at, size))
        at += size
    residual = (first.total - second.total) - _sum([size for _, size in sizes])
    return Waterfall(tuple(bars), first.total, second.total, residual)


@dataclass(frozen=True, slots=True)
class Correlation:
    """Rank correlation of two columns over the ``n`` places where both have a number.

    ``tau_b`` and ``rho`` are None where they are undefined; ``undefined`` then says why.
    """

    tau_b: float | None
    rho: float | None
    n: int
    undefined: str = ""


def rank_correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> Correlation:
    """Return Kendall's τ-b and Spearman's ρ (of mid-ranks) of two ``(N,)`` columns, NaN left out.

    τ-b = (concordant − discordant) / √((pairs − ties in one) (pairs − ties in the other)); Kendall 1945.
    Discordant pairs are counted as inversions (Knight 1966), in N log N.
    """
    x, y = np.asarray(first, np.float64).ravel(), np.asarray(second, np.float64).ravel()
    both = np.isfinite(x) & np.isfinite(y)
    x, y, n = x[both], y[both], int(both.sum())
    if n < 2:
        return Correlation(None, None, n, FEW)
    a, b = _codes(x), _codes(y)
    if not a.any() or not b.any():
        return Correlation(None, None, n, EQUAL_FIRST if not a.any() else EQUAL_SECOND)
    order = np.lexsort((b, a))
    discordant = inversions(b[order])
    pairs = n * (n - 1) // 2
    tied_a, tied_b = _tied(a), _tied(b)
    tied_both = _tied(a * (int(b.max()) + 1) + b)
    concordant = pairs - tied_a - tied_b + tied_both - discordant
    scale = math.sqrt(pairs - tied_a) * math.sqrt(pairs - tied_b)
    ranks = midranks(x), midranks(y)
    centred = [column - column.mean() for column in ranks]
    size = math.sqrt(float(centred[0] @ centred[0]) * float(centred[1] @ centred[1]))
    rho = float(centred[0] @ centred[1]) / size
    tau = (concordant - discordant) / scale
    return Correlation(_bounded(tau), _bounded(rho), n)


def midranks(values: npt.ArrayLike) -> FloatArray:
    """Return ranks from 1; equal values share the mean of their ranks."""
    _, place, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[place.ravel()], np.float64)


def inversions(codes: IntArray) -> int:
    """Count the pairs that stand in falling order, for whole numbers from 0.

    Bit by bit from the highest: within equal higher bits, a one before a zero is an inversion.
    """
    total = 0
    column = np.asarray(codes, np.int64)
    for bit in range(int(column.max(initial=0)).bit_length() - 1, -1, -1):
        group = column >> (bit + 1)
        order = np.argsort(group, kind="stable")
        own = group[order]
        one = (column[order] >> bit) & 1
        before = np.cumsum(one) - one
        start = np.searchsorted(own, own)  # where the group of each begins
        total += int((before - before[start])[one == 0].sum())
    return total


def _codes(values: FloatArray) -> IntArray:
    return np.asarray(np.unique(values, return_inverse=True)[1].ravel(), np.int64)


def _tied(codes: IntArray) -> int:
    counts = np.unique(codes, return_counts=True)[1].astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())


def _bounded(value: float) -> float:
    return min(1.0, max(-1.0, value))
