"""How far methods agree on a path: rank correlations of their steps. Low agreement is a flag, never an average."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scoring.attribution.faithfulness.numbers import spearman

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.base import Attribution

LEAST = 0.3
"""Below, two methods tell different stories."""
FEWEST = 3
"""Steps below which a rank correlation says nothing."""


class Agreement(NamedTuple):
    """Of two methods on one path.

    Attributes:
        first: key of a method, with its baseline where it has one.
        second: of the other.
        rho: rank correlation of the steps' credits, NaN with fewer than three steps.
        flagged: True if it is low.
    """

    first: str
    second: str
    rho: float
    flagged: bool


def agreements(found: Sequence[Attribution]) -> list[Agreement]:
    """Compare every two results of one path, in the order in which they are given."""
    pairs = []
    for index, a in enumerate(found):
        for b in found[index + 1 :]:
            enough = len(a.per_step) >= FEWEST
            rho = spearman(a.per_step, b.per_step) if enough else float("nan")
            pairs.append(
                Agreement(_name(a), _name(b), rho, bool(np.nan_to_num(rho, nan=1) < LEAST))
            )
    return pairs


def _name(found: Attribution) -> str:
    which = found.params.get("baseline") or found.params.get("variant")
    return f"{found.method} ({which})" if which else found.method
