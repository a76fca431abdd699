"""Time per step: the median, since breaks make the mean useless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import AgreementError
from scoring.resample import Estimate

if TYPE_CHECKING:
    from scoring.agreement.data import Column, Name

METHOD = "median; quartiles"


def step_time(raters: Column, milliseconds: Column) -> dict[Name, Estimate]:
    """Return each annotator's median with the quartiles as ``low`` and ``high``, in milliseconds.

    Args:
        raters: the annotator of each judgement.
        milliseconds: how long it took.

    Raises:
        AgreementError: for columns of different length or a time that is missing or negative.
    """
    if len(raters) != len(milliseconds):
        raise AgreementError(
            f"the columns have different lengths: {len(raters)}, {len(milliseconds)}"
        )
    times: dict[Name, list[float]] = {}
    for rater, spent in zip(raters, milliseconds, strict=True):
        if spent is None or not 0 <= spent < np.inf:
            raise AgreementError(f"a judgement by {rater} took {spent} milliseconds")
        times.setdefault(rater, []).append(spent)
    found = {}
    for rater, spent_all in times.items():
        low, middle, high = (float(q) for q in np.quantile(spent_all, [0.25, 0.5, 0.75]))
        found[rater] = Estimate(middle, low, high, n=len(spent_all), n_raters=1, method=METHOD)
    return found
