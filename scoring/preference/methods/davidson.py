"""Davidson: Bradley–Terry with ties. Davidson 1970, JASA 65, 317–328.

P(i over j) : P(j over i) : P(tie) = π_i : π_j : ν √(π_i π_j). The tie parameter is log ν; two
items of equal strength tie with probability ν / (2 + ν).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.preference.fit import PairLikelihood

if TYPE_CHECKING:
    from scoring.preference.data import Comparisons, Floats


def likelihood(data: Comparisons) -> PairLikelihood:
    """Return the log-likelihood of all decided and tied pairs."""
    counts = data.totals().T
    if not counts[2].any():
        note = "no pair is tied: ν is 0 and the model is Bradley–Terry"
        return PairLikelihood(data, _kernel, counts=counts, notes=(note,))
    return PairLikelihood(data, _kernel, counts=counts, tie="log ν")


def _kernel(x: Floats, tie: float, counts: Floats) -> Floats:
    first, second, tied = counts
    total = first + second + tied
    log_nu = tie if tied.any() else -np.inf
    log_z = np.logaddexp(np.logaddexp(x / 2, -x / 2), log_nu)
    p_first, p_second, p_tie = np.exp(x / 2 - log_z), np.exp(-x / 2 - log_z), np.exp(log_nu - log_z)
    value = (first - second) * x / 2 - total * log_z
    if tied.any():
        value = value + tied * log_nu
    lead = p_first - p_second
    return np.stack(
        [
            value,
            (first - second - total * lead) / 2,
            -total * (p_first + p_second - lead**2) / 4,
            tied - total * p_tie,
            -total * p_tie * (1 - p_tie),
            total * lead * p_tie / 2,
        ]
    )
