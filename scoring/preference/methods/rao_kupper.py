"""Rao–Kupper: Bradley–Terry with a threshold. Rao & Kupper 1967, JASA 62, 194–204.

P(i over j) = π_i / (π_i + θ π_j) with θ ≥ 1, and a tie otherwise: two items are told apart only
if they differ by more than the threshold log θ, the tie parameter. Two items of equal strength tie
with probability (θ - 1) / (θ + 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.preference.fit import PairLikelihood, logistic

if TYPE_CHECKING:
    from scoring.preference.data import Comparisons, Floats


def likelihood(data: Comparisons) -> PairLikelihood:
    """Return the log-likelihood of all decided and tied pairs."""
    counts = data.totals().T
    if not counts[2].any():
        note = "no pair is tied: θ is 1 and the model is Bradley–Terry"
        return PairLikelihood(data, _kernel, counts=counts, notes=(note,))
    return PairLikelihood(data, _kernel, counts=counts, tie="log θ", tie_start=1.0)


def _kernel(x: Floats, tie: float, counts: Floats) -> Floats:
    first, second, tied = counts
    if tied.any() and tie <= 0:
        outside = np.zeros((6, len(x)))
        outside[0] = -np.inf
        return outside
    # P(first) = σ(x - t), P(second) = σ(-x - t), P(tie) = (e^{2t} - 1) P(first) P(second)
    up, down = first + tied, second + tied
    q_first, q_second = logistic(tie - x), logistic(tie + x)  # 1 - P(first), 1 - P(second)
    bend_first, bend_second = up * q_first * (1 - q_first), down * q_second * (1 - q_second)
    value = -up * np.logaddexp(0, tie - x) - down * np.logaddexp(0, tie + x)
    dt = -up * q_first - down * q_second
    dtt = -bend_first - bend_second
    if tied.any():
        shrink = -np.expm1(-2 * tie)  # 1 - e^{-2t}
        value = value + tied * (2 * tie + np.log(shrink))
        dt = dt + tied * 2 / shrink
        dtt = dtt - tied * 4 * (1 - shrink) / shrink**2
    return np.stack(
        [
            value,
            up * q_first - down * q_second,
            -bend_first - bend_second,
            dt,
            dtt,
            bend_first - bend_second,
        ]
    )
