"""Krippendorff's α for rankings, taken as verdicts on pairs of items.

A unit is a pair of items of one question; the ratings are "better", "tied" and "worse". Which item
of a pair comes first means nothing, so every verdict counts half as given and half turned round:
α then does not depend on how items are numbered.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scoring.agreement import coincidence
from scoring.agreement.base import Agreement
from scoring.resample import Resampling, estimate

if TYPE_CHECKING:
    from scoring.agreement.coincidence import Difference
    from scoring.agreement.rankings import Rankings

NO_COMMON_PAIR = "undefined because no two items were ranked by two annotators"
ALL_TIED = "undefined because all items are tied in all rankings"


def nominal(rankings: Rankings, resampling: Resampling) -> Agreement:
    """Count verdicts as equal or different."""
    return _alpha(rankings, coincidence.nominal, resampling)


def ordinal(rankings: Rankings, resampling: Resampling) -> Agreement:
    """Count a tie as nearer to either verdict than the two are to each other."""
    return _alpha(rankings, coincidence.ordinal, resampling)


def _alpha(rankings: Rankings, difference: Difference, resampling: Resampling) -> Agreement:
    verdicts = rankings.verdicts.ratings
    cells = coincidence.coincidences(verdicts)
    return Agreement(
        estimate(
            (cells + cells[:, ::-1]) / 2,  # turning both verdicts round reverses the nine cells
            partial(coincidence.alpha, difference=difference),
            undefined=ALL_TIED if verdicts.n_compared else NO_COMMON_PAIR,
            n=verdicts.n_compared,
            n_raters=verdicts.n_comparing,
            resampling=resampling,
        )
    )
