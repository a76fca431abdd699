"""One answer against a known one: where the first error is, how many steps or pairs are right."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

# An answer counts as right from this score on; one with a single score is right or wrong anyway.
RIGHT_FROM = 0.8
WRONG = -1


@dataclass(frozen=True, slots=True)
class GoldCheck:
    """How an answer compares with gold.

    Attributes:
        score: from 0 to 1: the first error found (1) or not (0), or the share of right steps or
            pairs.
        known: steps or pairs that the gold decides.
        agreed: those of them that are right.
        first_error: whether the first wrong step is the gold's; None for rankings.
        tau: Kendall's τ-b with the gold over common pairs; None where one of the two ties all.
    """

    score: float
    known: int
    agreed: int
    first_error: bool | None = None
    tau: float | None = None

    @property
    def right(self) -> bool:
        """Whether the answer counts as right."""
        return self.score >= RIGHT_FROM


def reaches(right: int, total: int, share: float) -> bool:
    """Say whether ``right`` of ``total`` answers are at least ``share``; of no answers they are.

    The quotient is compared, not a product: 0.28 · 25 is above 7 in floating point.
    """
    return not total or right / total >= share


def check_first_error(
    ratings: Sequence[object], gold: Mapping[int, int], first_error: int | None
) -> GoldCheck:
    """Compare the first wrong step with the gold's.

    Args:
        ratings: of the path, first step first; anything but a rating counts as no answer.
        gold: ratings by place in the path, where the gold has one.
        first_error: place of the gold's first wrong step, None = all steps are right.
    """
    found = next((at for at, rating in enumerate(ratings) if rating == WRONG), None)
    same = found == first_error
    upto = len(ratings) if found is None else found + 1
    asked = {at: rating for at, rating in gold.items() if at < upto}
    agreed = sum(ratings[at] == rating for at, rating in asked.items())
    return GoldCheck(float(same), len(asked), agreed, first_error=same)


def check_all_steps(
    ratings: Sequence[object], gold: Mapping[int, int], first_error: int | None
) -> GoldCheck:
    """Compare every step that the gold rates; the arguments are those of ``check_first_error``."""
    agreed = sum(ratings[at] == rating for at, rating in gold.items())
    found = next((at for at, rating in enumerate(ratings) if rating == WRONG), None)
    score = agreed / len(gold) if gold else float(found == first_error)
    return GoldCheck(score, len(gold), agreed, first_error=found == first_error)


def check_ranking(
    tiers: Sequence[Sequence[Hashable]], gold: Sequence[Sequence[Hashable]]
) -> GoldCheck:
    """Compare an order with the gold's by pairs of items.

    A pair that the gold ties is right only if it is tied; one that the answer leaves out is wrong.
    """
    mine, true = _ranks(tiers), _ranks(gold)
    pairs = list(combinations(true, 2))
    signs = [
        (_sign(mine, *pair) if {*pair} <= mine.keys() else None, _sign(true, *pair))
        for pair in pairs
    ]
    agreed = sum(said == known for said, known in signs)
    common = [(said, known) for said, known in signs if said is not None]
    spread = sqrt(sum(s * s for s, _ in common) * sum(t * t for _, t in common))
    tau = sum(s * t for s, t in common) / spread if spread else None
    return GoldCheck(agreed / len(pairs) if pairs else 0.0, len(pairs), agreed, tau=tau)


def _ranks(tiers: Sequence[Sequence[Hashable]]) -> dict[Hashable, int]:
    return {item: rank for rank, tier in enumerate(tiers) for item in tier}


def _sign(ranks: Mapping[Hashable, int], first: Hashable, second: Hashable) -> int:
    return (ranks[first] < ranks[second]) - (ranks[first] > ranks[second])
