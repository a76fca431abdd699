"""First-error agreement: do annotators blame the same step of a trace?

Two annotators who both find no error agree; one who finds an error and one who finds none never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.data import NO_ERROR
from scoring.agreement.shares import pair_shares

if TYPE_CHECKING:
    from scoring.agreement.base import Agreement
    from scoring.agreement.data import FirstErrors
    from scoring.resample import Resampling


def exact(data: FirstErrors, resampling: Resampling) -> Agreement:
    """Count pairs with the same first error."""
    return _within(data, 0, resampling)


def near(data: FirstErrors, resampling: Resampling) -> Agreement:
    """Count pairs whose first errors are at most one step apart."""
    return _within(data, 1, resampling)


def _within(data: FirstErrors, steps: int, resampling: Resampling) -> Agreement:
    left, right = data.pairs
    first, second = data.position[left], data.position[right]
    same_kind = (first == NO_ERROR) == (second == NO_ERROR)
    return pair_shares(data, same_kind & (np.abs(first - second) <= steps), resampling)
