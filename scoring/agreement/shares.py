"""The share of pairs of annotators that agree, however agreement is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.base import NOTHING_SHARED, Agreement, Pair
from scoring.resample import estimate, table

if TYPE_CHECKING:
    import numpy.typing as npt

    from scoring.agreement.data import FloatArray, Judgements
    from scoring.resample import Resampling


def pair_shares(
    data: Judgements, agree: npt.NDArray[np.bool_], resampling: Resampling
) -> Agreement:
    """Average the share of agreeing pairs over the items with two judgements or more.

    Args:
        data: the judgements.
        agree: for each row of ``data.pairs``, whether the two agree.
        resampling: of problems, for the interval.
    """
    left, _ = data.pairs
    unit = data.unit[left]
    per_unit = data.per_unit[unit]
    share = 2.0 * agree / (per_unit * (per_unit - 1))
    problem = data.problem[unit]
    compared = np.flatnonzero(data.per_unit > 1)
    parts = table(
        np.concatenate([problem, data.problem[compared]]),
        np.concatenate([np.zeros(len(unit), np.int64), np.ones(len(compared), np.int64)]),
        np.concatenate([share, np.ones(len(compared))]),
        (int(data.problem.max(initial=-1)) + 1, 2),
    )
    couples, which = data.couples
    together = np.bincount(which, minlength=len(couples))
    agreed = np.bincount(which, agree.astype(np.float64), minlength=len(couples))
    return Agreement(
        estimate(
            parts,
            ratio,
            undefined=NOTHING_SHARED,
            n=len(compared),
            n_raters=data.n_comparing,
            resampling=resampling,
        ),
        tuple(
            Pair(data.raters[first], data.raters[second], float(yes / n), int(n))
            for (first, second), yes, n in zip(couples, agreed, together, strict=True)
        ),
    )


def ratio(sums: FloatArray) -> FloatArray:
    """Divide column 0 by column 1, ``(B, 2)`` → ``(B,)``; NaN for nothing of nothing."""
    values = np.full(len(sums), np.nan)
    np.divide(sums[:, 0], sums[:, 1], out=values, where=sums[:, 1] > 0)
    return values
