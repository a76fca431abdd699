"""The problem list: filters, keyset paging and the few grouped reads that fill its rows.

Counters live on the problem row, everything else is read for the page's ids only, so a page costs
the same number of queries and about the same time at 100 and at 100,000 problems.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from annotator.models import Outcome, Problem
from annotator.models.finite import known
from annotator.queries.blindness import labels_counted
from annotator.queries.paging import NEWEST, PAGE_SIZE, Page, page_of
from scoring.types import SOLVED_ABOVE

if TYPE_CHECKING:
    from annotator.queries.access import Access

# A filtered count stops here: nobody acts on the difference, and counting everything is not free.
COUNT_LIMIT = 10_000

LabelState = Literal["", "none", "some", "all", "todo"]
OutcomeState = Literal["", "solved", "unsolved", "mixed", "unknown"]
Sort = Literal["newest", "oldest", "largest", "smallest"]
LABEL_STATES: dict[LabelState, str] = {
    "": "Any labels",
    "none": "No person's label",
    "some": "Labelled in part",
    "all": "Labelled completely",
    "todo": "Not finished by me",
}
OUTCOME_STATES: dict[OutcomeState, str] = {
    "": "Any outcome",
    "solved": "Solved at least once",
    "unsolved": "Never solved",
    "mixed": "Solved and failed",
    "unknown": "Outcome unknown",
}
SORTS: dict[Sort, str] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "largest": "Most steps first",
    "smallest": "Fewest steps first",
}
ORDERS: dict[Sort, tuple[str, ...]] = {
    "newest": NEWEST,
    "oldest": ("pk",),
    "largest": ("-n_steps", "-pk"),
    "smallest": ("n_steps", "pk"),
}


@dataclass(frozen=True, slots=True)
class ProblemFilter:
    """What a reader asked the list for; empty values ask for nothing."""

    text: str = ""
    labels: LabelState = ""
    outcome: OutcomeState = ""
    min_steps: int | None = None
    max_steps: int | None = None
    sort: Sort = "oldest"

    @property
    def narrows(self) -> bool:
        """Say whether anything is filtered out."""
        bounds = (self.min_steps, self.max_steps)
        return bool(self.text or self.labels or self.outcome) or any(b is not None for b in bounds)


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One line of the list.

    ``solved`` of ``judged`` traces have a primary outcome above ``SOLVED_ABOVE``; ``labelled`` steps
    carry a person's label: anybody's for reviewers, else the reader's own.
    """

    problem: Problem
    solved: int
    judged: int
    labelled: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far people have come in a project."""

    problems: int
    steps: int
    labelled: int

    @property
    def percent(self) -> int:
        """Labelled steps of all steps, rounded down so that 100 means all."""
        return self.labelled * 100 // self.steps if self.steps else 0


def problems_matching(*, access: Access, wanted: ProblemFilter) -> QuerySet[Problem]:
    """Return the problems that ``wanted`` asks for, without an order."""
    project = access.project
    rows = Problem.objects.filter(project=project)
    if wanted.text:
        rows = rows.filter(Q(prompt__icontains=wanted.text) | Q(reference__icontains=wanted.text))
    if wanted.min_steps is not None:
        rows = rows.filter(n_steps__gte=wanted.min_steps)
    if wanted.max_steps is not None:
        rows = rows.filter(n_steps__lte=wanted.max_steps)
    rows = _by_labels(rows, wanted.labels, access)
    return _by_outcome(rows, wanted.outcome, project.primary_outcome)


def problems_count(*, access: Access, wanted: ProblemFilter) -> int:
    """Count matches up to ``COUNT_LIMIT`` + 1; unfiltered projects are counted exactly."""
    rows = problems_matching(access=access, wanted=wanted)
    return rows[: COUNT_LIMIT + 1].count() if wanted.narrows else rows.count()


def problem_page(
    *,
    access: Access,
    wanted: ProblemFilter,
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page[ProblemRow]:
    """Return the page behind cursor ``after``, or the one before cursor ``before``.

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    found = page_of(
        problems_matching(access=access, wanted=wanted),
        order=ORDERS[wanted.sort],
        after=after,
        before=before,
        size=size,
    )
    rows = problem_rows(access=access, problems=found.rows)
    return Page(rows=rows, next=found.next, previous=found.previous)


def problem_rows(*, access: Access, problems: list[Problem]) -> list[ProblemRow]:
    """Fill list rows for ``problems`` with two grouped queries, however many they are."""
    project = access.project
    ids = [problem.pk for problem in problems]
    outcomes = {
        row["trace__problem_id"]: (row["solved"], row["judged"])
        for row in Outcome.objects.filter(
            trace__problem_id__in=ids, name=project.primary_outcome, **known()
        )
        .values("trace__problem_id")
        .annotate(solved=Count("id", filter=Q(value__gt=SOLVED_ABOVE)), judged=Count("id"))
    }
    labelled = {
        row["step__problem_id"]: row["n"]
        for row in labels_counted(access=access)
        .filter(step__problem_id__in=ids)
        .values("step__problem_id")
        .annotate(n=Count("step_id", distinct=True))
    }
    return [ProblemRow(p, *outcomes.get(p.pk, (0, 0)), labelled.get(p.pk, 0)) for p in problems]


def progress_of(*, access: Access) -> Progress:
    """Count problems, steps and the labelled steps: by anybody for reviewers, else by oneself."""
    project = access.project
    totals = Problem.objects.filter(project=project).aggregate(n=Count("id"), steps=Sum("n_steps"))
    labelled = (
        labels_counted(access=access)
        .filter(rater__project=project)
        .aggregate(n=Count("step_id", distinct=True))["n"]
    )
    return Progress(totals["n"], totals["steps"] or 0, labelled)


def _by_labels(rows: QuerySet[Problem], state: LabelState, access: Access) -> QuerySet[Problem]:
    if not state:
        return rows
    counted = labels_counted(access=access)
    labels = counted.filter(step__problem_id=OuterRef("pk"))
    if state == "none":
        return rows.filter(~Exists(labels))
    if state == "todo":
        mine = labels.filter(rater__user=access.user_id).values("step__problem_id")
        done = mine.annotate(n=Count("step", distinct=True)).values("n")
        return rows.filter(n_steps__gt=Coalesce(Subquery(done), 0))
    # From the labels' side: they are few where problems are many.
    size = F("step__problem__n_steps")
    counts = (
        counted.filter(rater__project=access.project)
        .values("step__problem_id", "step__problem__n_steps")
        .annotate(n=Count("step", distinct=True))
    )
    wanted = counts.filter(n__lt=size) if state == "some" else counts.filter(n__gte=size)
    return rows.filter(pk__in=wanted.values("step__problem_id"))


def _by_outcome(rows: QuerySet[Problem], state: OutcomeState, name: str) -> QuerySet[Problem]:
    if not state:
        return rows
    outcomes = Outcome.objects.filter(trace__problem_id=OuterRef("pk"), name=name, **known())
    good, bad = (
        Exists(outcomes.filter(value__gt=SOLVED_ABOVE)),
        Exists(outcomes.filter(value__lte=SOLVED_ABOVE)),
    )
    conditions = {
        "solved": Q(good),
        "unsolved": Q(bad) & ~Q(good),
        "mixed": Q(bad) & Q(good),
        "unknown": ~Q(Exists(outcomes)),
    }
    return rows.filter(conditions[state])
