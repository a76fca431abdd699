"""The records that every part of the ranking core takes. Plain Python, safe in web processes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEVELS = ("step", "branch", "trace")
"""What is ranked: siblings under one parent, the subtrees of a fork, whole traces of a problem."""
OVERALL = ""
"""The criterion of a ranking made as a whole, without naming a reason."""
MIN_ITEMS = 2
MAX_ITEMS = 32

Rater = int | str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One reason to prefer, as a project sets it.

    Attributes:
        key: stored with every ranking, never renamed; not empty.
        label: what a person reads.
        help: one sentence beside the label.
        margin: two items differ on this criterion only if they are further apart than this, in
            the units of the ranking (its scores, else tiers).
        gate: whether an item can be marked as failing. A failed gate puts the item last whatever
            else it has.
    """

    key: str
    label: str
    help: str = ""
    margin: float = 0.0
    gate: bool = False


DEFAULT_CRITERIA = (
    Criterion("correctness", "Correctness", "The statements and results are true."),
    Criterion("soundness", "Soundness", "Each conclusion follows from what is given before it."),
    Criterion("progress", "Progress", "It brings the solution closer to the answer."),
    Criterion("clarity", "Clarity", "A reader can follow it without guessing."),
)
"""In order of importance, the most important first."""


@dataclass(frozen=True, slots=True)
class RankingRecord:
    """One person's answer for one criterion over one set of items.

    Attributes:
        level: one of ``LEVELS``.
        criterion: key of a criterion, or ``OVERALL``.
        items: ids in the order in which they were shown.
        tiers: ids, best tier first; items of one tier are tied.
        aside: ids that the person could not compare; no pair with one of them is decided.
        failed: ids marked as failing the gate of this criterion.
        scores: ids → value where the source rated the items on a scale, higher is better; then
            margins are in these units, else in tiers.
        rater: who answered; records of one rater carry equal values.
    """

    level: str
    criterion: str
    items: tuple[int, ...]
    tiers: tuple[tuple[int, ...], ...]
    aside: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    scores: Mapping[int, float] | None = None
    rater: Rater = ""


def by_question(
    records: Iterable[RankingRecord],
) -> dict[tuple[str, str], list[RankingRecord]]:
    """Split records by (level, criterion), in order of first appearance."""
    groups: dict[tuple[str, str], list[RankingRecord]] = defaultdict(list)
    for record in records:
        groups[record.level, record.criterion].append(record)
    return dict(groups)
