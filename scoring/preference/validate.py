"""Refuse rankings and criteria that do not say what they seem to; errors name the item."""

from __future__ import annotations

import math
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from scoring.errors import RankingError
from scoring.preference.types import LEVELS, MAX_ITEMS, MIN_ITEMS, OVERALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.preference.types import Criterion, RankingRecord


def validate(record: RankingRecord) -> None:
    """Check that every shown item is answered for exactly once.

    Raises:
        RankingError: with the first fault; ``item`` is the id it is about, None if about none.
    """
    if record.level not in LEVELS:
        raise RankingError(f"the level must be {', '.join(LEVELS)}, not {record.level!r}")
    if not MIN_ITEMS <= len(record.items) <= MAX_ITEMS:
        raise RankingError(
            f"a ranking takes {MIN_ITEMS} to {MAX_ITEMS} items, not {len(record.items)}"
        )
    shown = _once(record.items, "is shown twice")
    for number, tier in enumerate(record.tiers, start=1):
        if not tier:
            raise RankingError(f"tier {number} is empty")
    placed = _once(chain(chain.from_iterable(record.tiers), record.aside), "is twice")
    _known((*chain.from_iterable(record.tiers), *record.aside), shown)
    for item in record.items:
        if item not in placed:
            raise RankingError(f"item {item} is missing", item)
    _once(record.failed, "is marked as failing twice")
    _known(record.failed, shown)
    _check_scores(record, shown)


def validate_criteria(criteria: Sequence[Criterion]) -> None:
    """Check that a project's criteria can order items.

    Raises:
        RankingError: for no criterion, a missing or repeated key, or a margin that is no distance.
    """
    if not criteria:
        raise RankingError("at least one criterion is needed")
    keys: set[str] = set()
    for criterion in criteria:
        if criterion.key == OVERALL:
            raise RankingError(f"the criterion '{criterion.label}' has no key")
        if criterion.key in keys:
            raise RankingError(f"the criterion '{criterion.key}' is twice")
        keys.add(criterion.key)
        if not math.isfinite(criterion.margin) or criterion.margin < 0:
            raise RankingError(
                f"the margin of '{criterion.key}' must be a number of at least 0, "
                f"not {criterion.margin!r}"
            )


def _once(items: Iterable[int], fault: str) -> set[int]:
    seen: set[int] = set()
    for item in items:
        if item in seen:
            raise RankingError(f"item {item} {fault}", item)
        seen.add(item)
    return seen


def _known(items: Iterable[int], shown: set[int]) -> None:
    for item in items:
        if item not in shown:
            raise RankingError(f"item {item} was not shown", item)


def _check_scores(record: RankingRecord, shown: set[int]) -> None:
    """Check that scores, where given, are finite, complete and say the same as the tiers."""
    scores = record.scores
    if scores is None:
        return
    _known(scores, shown)
    for item in chain.from_iterable(record.tiers):
        if item not in scores:
            raise RankingError(f"item {item} is ranked but has no score", item)
        if not math.isfinite(scores[item]):
            raise RankingError(f"the score of item {item} is not a number", item)
    for tier in record.tiers:
        for item in tier[1:]:
            if scores[item] != scores[tier[0]]:
                raise RankingError(
                    f"item {item} is tied with item {tier[0]} but has another score", item
                )
    for upper, lower in pairwise(record.tiers):
        if scores[upper[0]] <= scores[lower[0]]:
            raise RankingError(
                f"item {upper[0]} is ranked above item {lower[0]} but its score is not higher",
                upper[0],
            )
