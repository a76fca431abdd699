"""Percent agreement: the share of pairs of annotators who gave an item the same rating."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.agreement.shares import pair_shares

if TYPE_CHECKING:
    from scoring.agreement.base import Agreement
    from scoring.agreement.data import Ratings
    from scoring.resample import Resampling


def agreement(ratings: Ratings, resampling: Resampling) -> Agreement:
    """Average the share of equal pairs over items; not corrected for chance."""
    left, right = ratings.pairs
    return pair_shares(ratings, ratings.code[left] == ratings.code[right], resampling)
