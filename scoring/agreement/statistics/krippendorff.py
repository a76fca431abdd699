"""Krippendorff's α for ratings: nominal, ordinal and interval, any number of annotators, gaps.

Own code: the package of that name is under the GPL, and resampling needs the matrices anyway.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scoring.agreement import coincidence
from scoring.agreement.base import ALL_EQUAL, NO_NUMBERS, NO_ORDER, NOTHING_SHARED, Agreement
from scoring.resample import Estimate, Resampling, estimate

if TYPE_CHECKING:
    from scoring.agreement.coincidence import Difference
    from scoring.agreement.data import Ratings


def nominal(ratings: Ratings, resampling: Resampling) -> Agreement:
    """Count ratings as equal or different."""
    return _alpha(ratings, coincidence.nominal, resampling)


def ordinal(ratings: Ratings, resampling: Resampling) -> Agreement:
    """Weigh a difference by how many ratings lie between the two categories."""
    if not ratings.ordered:
        return Agreement(Estimate(None, undefined=NO_ORDER))
    return _alpha(ratings, coincidence.ordinal, resampling)


def interval(ratings: Ratings, resampling: Resampling) -> Agreement:
    """Weigh a difference by its square."""
    numbers = ratings.numbers
    if numbers is None:
        return Agreement(Estimate(None, undefined=NO_NUMBERS))
    return _alpha(ratings, coincidence.interval(numbers), resampling)


def _alpha(ratings: Ratings, difference: Difference, resampling: Resampling) -> Agreement:
    return Agreement(
        estimate(
            coincidence.coincidences(ratings),
            partial(coincidence.alpha, difference=difference),
            undefined=ALL_EQUAL if ratings.n_compared else NOTHING_SHARED,
            n=ratings.n_compared,
            n_raters=ratings.n_comparing,
            resampling=resampling,
        )
    )
