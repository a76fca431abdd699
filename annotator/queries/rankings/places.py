"""Places: where people rank, and which items stand there in which order.

A place is a problem, a level and, for steps and branches, the parent whose children are ranked
(None = the problem). Its items are step ids, or trace ids. Where there are more than ``MAX_ITEMS``,
everybody is shown the same seeded subset; the order on the screen is a person's own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import NotFoundError
from annotator.models import Ranking, Step, Trace
from annotator.queries.access import MAX_ID
from scoring.preference.types import LEVELS, MAX_ITEMS, MIN_ITEMS, RankingRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from annotator.models import Problem
    from annotator.queries.access import Access

NOUNS = {"step": "steps", "branch": "branches", "trace": "traces"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where items are ranked.

    Attributes:
        problem: with its project loaded.
        level: ``step``, ``branch`` or ``trace``.
        parent: whose children are ranked, None = the problem, and always so for traces.
        items: ids of everything there, in tree or import order.
        chosen: the ids that a person is asked about: all, or a seeded subset.
    """

    problem: Problem
    level: str
    parent: Step | None
    items: tuple[int, ...]
    chosen: tuple[int, ...]

    @property
    def parent_id(self) -> int | None:
        """The parent's id, None = the problem."""
        return self.parent.pk if self.parent is not None else None

    @property
    def noun(self) -> str:
        """What the items are called, in the plural."""
        return NOUNS[self.level]

    @property
    def rankable(self) -> bool:
        """Whether there is something to compare."""
        return len(self.items) >= MIN_ITEMS

    @property
    def seed(self) -> str:
        """What its random choices are drawn from."""
        return f"{self.problem.pk}:{self.level}:{self.parent_id or 0}"


def place_of(*, problem: Problem, level: str, parent_id: int | None) -> Place:
    """Return a place of ``problem``, which a gate has opened.

    Raises:
        NotFoundError: no such level, or the parent is not a step of this problem.
    """
    if level not in LEVELS or (level == "trace" and parent_id is not None):
        raise NotFoundError(f"There is no level '{level}' here; known: {', '.join(LEVELS)}.")
    parent = None
    if parent_id is not None:
        steps = Step.objects.filter(problem=problem)
        parent = steps.filter(pk=parent_id).first() if 0 < parent_id <= MAX_ID else None
        if parent is None:
            raise NotFoundError(f"There is no step {parent_id} in this problem.")
        parent.problem = problem
    items = _items(problem, level, parent_id)
    seed = f"{problem.pk}:{level}:{parent_id or 0}"
    chosen = items
    if len(items) > MAX_ITEMS:
        drawn = set(shuffled(items, seed)[:MAX_ITEMS])
        chosen = tuple(item for item in items if item in drawn)
    return Place(problem, level, parent, items, chosen)


def shown_order(*, place: Place, user_id: int) -> tuple[int, ...]:
    """Return the chosen items in the order in which this person sees them, always the same."""
    return shuffled(place.chosen, f"{place.seed}:{user_id}")


def shuffled(items: Iterable[int], seed: str) -> tuple[int, ...]:
    """Return ``items`` in an order that follows from ``seed`` on every machine."""

    def drawn(item: int) -> bytes:
        return hashlib.blake2b(f"{seed}:{item}".encode(), digest_size=16).digest()

    return tuple(sorted(items, key=drawn))


def own_rankings(*, place: Place, user_id: int) -> dict[str, Ranking]:
    """Return the person's rankings at a place by criterion."""
    rows = Ranking.objects.filter(
        problem=place.problem,
        level=place.level,
        parent=place.parent,
        rater__user=user_id,
        source=None,
    )
    return {row.criterion: row for row in rows}


def rankings_visible(*, problem: Problem, access: Access) -> QuerySet[Ranking]:
    """Return the rankings of ``problem`` that this member may see.

    A reviewer sees everybody's and the imported ones, anybody else their own: nobody is led by
    others.
    """
    rows = Ranking.objects.filter(problem=problem).select_related("rater", "guideline")
    return rows if access.may_review else rows.filter(rater__user=access.user_id)


def record_of(row: Ranking) -> RankingRecord:
    """Return a stored ranking as the pure core takes it."""
    tiers = tuple(tuple(tier) for tier in row.tiers)
    items = row.shown or [item for tier in tiers for item in tier] + list(row.aside)
    scores = {int(item): float(value) for item, value in (row.scores or {}).items()} or None
    return RankingRecord(
        level=row.level,
        criterion=row.criterion,
        items=tuple(items),
        tiers=tiers,
        aside=tuple(row.aside),
        failed=tuple(row.failed),
        scores=scores,
        rater=row.rater_id,
    )


def letters(items: Sequence[int]) -> dict[int, str]:
    """Name items A, B … Z, AA … in the order in which they are shown."""
    return {item: _letter(at) for at, item in enumerate(items)}


def _letter(at: int) -> str:
    first = chr(ord("A") + at % 26)
    return first if at < 26 else _letter(at // 26 - 1) + first


def _items(problem: Problem, level: str, parent_id: int | None) -> tuple[int, ...]:
    if level == "trace":
        traces = Trace.objects.filter(problem=problem).order_by("ordinal")
        return tuple(traces.values_list("pk", flat=True))
    children = Step.objects.filter(problem=problem, parent=parent_id).order_by("preorder")
    return tuple(children.values_list("pk", flat=True))
