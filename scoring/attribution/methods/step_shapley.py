"""Step Shapley: the mean change of R when a step joins those already there, over orders of joining.

    φ_k = E_π [R(steps before k in π, and k) - R(steps before k in π)]

Steps that are there stand in their original order, whatever the order of joining. Orders are drawn with their
reversals; the standard error is that of the mean over such pairs. Where all 2^K sets are fewer than the
orders would visit, all are run and the result is exact. Sets that begin alike share tokens in packed rows.

Source: Shapley 1953; Castro, Gómez & Tejada 2009 for sampling; Mitchell et al. 2022 (arXiv 2104.12199) for
reversals.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.attribution.base import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.path import Path
    from scoring.attribution.subject import Subject

Float64 = npt.NDArray[np.float64]
AT_ONCE = 64
"""Sets between two reports of progress."""
MOST_EXACT = 16
NO_STEP = "Without any step this layout cannot be read; it was read at the end of the problem."


def attribution(
    subject: Subject,
    path: Path,
    problem: str,
    steps: Sequence[str],
    *,
    permutations: int,
    seed: int,
) -> Found:
    """Return Shapley values by step, spread over its tokens."""
    count = len(steps)
    exact = count <= MOST_EXACT and 2**count <= permutations * count
    orders = _orders(count, permutations, seed)
    wanted = range(2**count) if exact else sorted(_visited(orders))
    values, notes = _values(subject, path, problem, steps, list(wanted))
    if exact:
        phi, error = exact_shapley(values, count), np.zeros(count)
    else:
        phi, error = sampled_shapley(values, orders)
    return Found(
        credit=path.spread(phi),
        value=values[2**count - 1],
        baseline_value=values[0],
        baseline="the problem without a step",
        n_used=None if exact else len(orders),
        standard_error=error,
        notes=notes,
    )


def exact_shapley(values: dict[int, float], count: int) -> Float64:
    """Return ``(K,)`` Shapley values of a game given as set (bit k = step k) → value, all sets there."""
    weight = [
        math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
        for size in range(count)
    ]
    phi = np.zeros(count)
    for k in range(count):
        for members in range(2**count):
            if not members >> k & 1:
                gain = values[members | 1 << k] - values[members]
                phi[k] += weight[members.bit_count()] * gain
    return phi


def sampled_shapley(
    values: dict[int, float], orders: Sequence[Sequence[int]]
) -> tuple[Float64, Float64]:
    """Return the mean ``(K,)`` over orders, each followed by its reversal, and its standard error."""
    gains = np.zeros((len(orders), len(orders[0])))
    for row, order in enumerate(orders):
        members = 0
        for k in order:
            gains[row, k] = values[members | 1 << k] - values[members]
            members |= 1 << k
    pairs = (gains[0::2] + gains[1::2]) / 2
    return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / math.sqrt(len(pairs))


def _orders(count: int, permutations: int, seed: int) -> list[list[int]]:
    """Draw orders in pairs; an odd number is rounded up."""
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(count).tolist() for _ in range((permutations + 1) // 2)]
    return [order for one in drawn for order in (one, one[::-1])]


def _visited(orders: Sequence[Sequence[int]]) -> set[int]:
    found = {0}
    for order in orders:
        members = 0
        for k in order:
            members |= 1 << k
            found.add(members)
    return found


def _values(
    subject: Subject, path: Path, problem: str, steps: Sequence[str], wanted: list[int]
) -> tuple[dict[int, float], tuple[str, ...]]:
    """Return f of each set of steps."""
    notes: tuple[str, ...] = ()
    rows = []
    for members in wanted:
        there = [step for k, step in enumerate(steps) if members >> k & 1]
        ids = subject.layout.sequence(problem, there)
        if ids is None:
            notes, ids = (NO_STEP,), path.ids[: max(path.first, 1)]
        rows.append(ids)
    # Sets that begin alike lie together, so that a chunk shares as much as it can.
    order = sorted(range(len(rows)), key=lambda i: rows[i].astype(">i4").tobytes())
    values: dict[int, float] = {}
    for first in range(0, len(order), AT_ONCE):
        subject.report(first / len(order))
        chunk = order[first : first + AT_ONCE]
        said = subject.at_ends([rows[i] for i in chunk])
        values |= {wanted[i]: float(v) for i, v in zip(chunk, said, strict=True)}
    return values, notes
