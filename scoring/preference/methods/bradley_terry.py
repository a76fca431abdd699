"""Bradley–Terry: P(i over j) = π_i / (π_i + π_j). Bradley & Terry 1952, Biometrika 39, 324–345.

The model has no ties: a tie counts as half a win for each side, as in chess ratings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.preference.fit import PairLikelihood, logistic

if TYPE_CHECKING:
    from scoring.preference.data import Comparisons, Floats


def likelihood(data: Comparisons) -> PairLikelihood:
    """Return the log-likelihood of all pairs."""
    first, second, tied = data.totals().T
    notes: tuple[str, ...] = ()
    if tied.any():
        notes = (f"tied pairs count as half a win for each side: {tied.sum():g}",)
    return PairLikelihood(
        data, _kernel, counts=np.stack([first + tied / 2, second + tied / 2]), notes=notes
    )


def _kernel(x: Floats, _tie: float, counts: Floats) -> Floats:
    first, second = counts
    total, p = first + second, logistic(x)
    none = np.zeros_like(x)
    return np.stack(
        [
            -first * np.logaddexp(0, -x) - second * np.logaddexp(0, x),
            first - total * p,
            -total * p * (1 - p),
            none,
            none,
            none,
        ]
    )
