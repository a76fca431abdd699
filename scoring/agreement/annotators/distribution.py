"""How often each annotator gave each rating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.agreement.annotators.accuracy import proportion

if TYPE_CHECKING:
    from scoring.agreement.data import Name, Ratings
    from scoring.resample import Estimate


@dataclass(frozen=True, slots=True)
class Distribution:
    """One annotator's ratings: counts and shares in the order of the categories."""

    counts: tuple[int, ...]
    shares: tuple[Estimate, ...]


def label_distribution(ratings: Ratings) -> dict[Name, Distribution]:
    """Count each annotator's ratings; shares have Wilson's interval."""
    size = len(ratings.categories)
    cells = np.bincount(
        ratings.rater * size + ratings.code, minlength=len(ratings.raters) * size
    ).reshape(len(ratings.raters), size)
    return {
        name: Distribution(
            tuple(row.tolist()),
            tuple(proportion(int(count), int(row.sum()), "") for count in row),
        )
        for name, row in zip(ratings.raters, cells, strict=True)
    }
