"""Which places a problem or a project has, and how far people are with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, OuterRef, Q

from annotator.models import Problem, Ranking, Step, Trace
from annotator.queries.rankings.places import NOUNS
from scoring.preference.types import MIN_ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.models import Project

PAGE = 25
FORKS = 200


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place in a list.

    Attributes:
        parent: None = the problem.
        size: how many items stand there.
        mine: criteria under which the person has ranked them.
        everybody: rankings of everybody there, own and imported ones included.
    """

    level: str
    parent: Step | None
    size: int
    mine: int = 0
    everybody: int = 0

    @property
    def noun(self) -> str:
        """What stands there."""
        return NOUNS[self.level]

    @property
    def parent_id(self) -> int | None:
        """The parent's id, None = the problem."""
        return self.parent.pk if self.parent is not None else None


@dataclass(frozen=True, slots=True)
class ProblemRankings:
    """A problem in the project's list: its forks and traces, and what was ranked."""

    problem: Problem
    forks: int
    mine: int
    everybody: int


def places_of(*, problem: Problem, user_id: int, limit: int = FORKS) -> tuple[list[PlaceRow], int]:
    """Return the places of a problem, traces first, then forks in tree order.

    Returns:
        At most ``limit`` forks, each as steps and as branches, and how many forks there are.
    """
    counts = _counts(problem=problem, user_id=user_id)
    rows = []
    traces = Trace.objects.filter(problem=problem).count()
    if traces >= MIN_ITEMS:
        rows.append(PlaceRow("trace", None, traces, *counts.get(("trace", None), (0, 0))))
    forks = list(
        _forks([problem.pk]).values_list("parent", "size").order_by(F("parent__preorder").asc())
    )
    forks.sort(key=lambda fork: fork[0] is not None)  # the first steps come before all others
    parents = Step.objects.in_bulk([parent for parent, _ in forks[:limit] if parent])
    for parent, size in forks[:limit]:
        for level in ("step", "branch"):
            done = counts.get((level, parent), (0, 0))
            rows.append(PlaceRow(level, parents.get(parent), size, *done))
    return rows, len(forks)


def next_place(
    *, problem: Problem, level: str, user_id: int, after: int | None = None
) -> PlaceRow | None:
    """Return the next place of a level without a ranking of the person, once around the tree.

    Args:
        problem: where to look.
        level: ``step``, ``branch`` or ``trace``.
        user_id: who ranks.
        after: go on behind the place below this step; None or unknown = from the beginning.
    """
    rows = [row for row in places_of(problem=problem, user_id=user_id)[0] if row.level == level]
    at = next((n for n, row in enumerate(rows) if after and row.parent_id == after), -1)
    return next((row for row in rows[at + 1 :] + rows[: at + 1] if not row.mine), None)


def ranked_problems(*, project: Project, user_id: int, after: int = 0) -> list[ProblemRankings]:
    """Return a page of the project's problems that have something to rank, oldest first."""
    several = Trace.objects.filter(problem=OuterRef("pk")).values("problem").annotate(n=Count("pk"))
    fork = (
        Step.objects.filter(problem=OuterRef("pk"))
        .order_by()
        .values("parent")
        .annotate(n=Count("pk"))
        .filter(n__gte=MIN_ITEMS)
    )
    problems = list(
        Problem.objects.filter(
            Exists(several.filter(n__gte=MIN_ITEMS)) | Exists(fork), project=project, pk__gt=after
        ).order_by("pk")[: PAGE + 1]
    )
    ids = [problem.pk for problem in problems]
    forks = dict(_per_problem(ids))
    mine = _rankings(ids, Q(rater__user=user_id, source=None))
    everybody = _rankings(ids, Q())
    return [
        ProblemRankings(p, forks.get(p.pk, 0), mine.get(p.pk, 0), everybody.get(p.pk, 0))
        for p in problems
    ]


def _forks(problems: Iterable[int]):  # type: ignore[no-untyped-def]  # a grouped queryset has no type
    """Return a query of parents with at least two children."""
    rows = Step.objects.filter(problem__in=list(problems)).order_by()
    return rows.values("problem", "parent").annotate(size=Count("pk")).filter(size__gte=MIN_ITEMS)


def _per_problem(problems: Iterable[int]) -> list[tuple[int, int]]:
    counted: dict[int, int] = {}
    for problem in _forks(problems).values_list("problem", flat=True):
        counted[problem] = counted.get(problem, 0) + 1
    return list(counted.items())


def _counts(*, problem: Problem, user_id: int) -> dict[tuple[str, int | None], tuple[int, int]]:
    rows = (
        Ranking.objects.filter(problem=problem)
        .order_by()
        .values_list("level", "parent")
        .annotate(
            mine=Count("pk", filter=Q(rater__user=user_id, source=None)), everybody=Count("pk")
        )
    )
    return {(level, parent): (mine, everybody) for level, parent, mine, everybody in rows}


def _rankings(problems: Iterable[int], which: Q) -> dict[int, int]:
    rows = Ranking.objects.filter(which, problem__in=list(problems)).order_by().values("problem")
    return dict(rows.annotate(n=Count("pk")).values_list("problem", "n"))
