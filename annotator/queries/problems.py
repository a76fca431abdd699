"""The problem list: filters, keyset paging and the few grouped reads that fill its rows.

Counters live on the problem row, everything else is read for the page's ids only, so a page costs
the same number of queries and about the same time at 100 and at 100,000 problems.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from annotator.errors import InvalidError
from annotator.models import Outcome, Problem, Project, Rater, StepLabel
from annotator.queries.sparklines import Sparkline, sparklines
from scoring.types import SOLVED_ABOVE

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PAGE_SIZE = 50
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
T = TypeVar("T")


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
    carry a person's label.
    """

    problem: Problem
    solved: int
    judged: int
    labelled: int
    sparkline: Sparkline | None


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A page of the list with the cursors of its neighbours (empty where there is none)."""

    rows: list[ProblemRow] = field(default_factory=list)
    next: str = ""
    previous: str = ""

    @property
    def source(self) -> str:
        """What the sparklines of the page show."""
        return next((row.sparkline.source for row in self.rows if row.sparkline), "")


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


def problems_matching(*, project: Project, user: User, wanted: ProblemFilter) -> QuerySet[Problem]:
    """Return the problems of ``project`` that ``wanted`` asks for, without an order."""
    rows = Problem.objects.filter(project=project)
    if wanted.text:
        rows = rows.filter(Q(prompt__icontains=wanted.text) | Q(reference__icontains=wanted.text))
    if wanted.min_steps is not None:
        rows = rows.filter(n_steps__gte=wanted.min_steps)
    if wanted.max_steps is not None:
        rows = rows.filter(n_steps__lte=wanted.max_steps)
    rows = _by_labels(rows, wanted.labels, project, user)
    return _by_outcome(rows, wanted.outcome, project.primary_outcome)


def problems_count(*, project: Project, user: User, wanted: ProblemFilter) -> int:
    """Count matches up to ``COUNT_LIMIT`` + 1; unfiltered projects are counted exactly."""
    rows = problems_matching(project=project, user=user, wanted=wanted)
    return rows[: COUNT_LIMIT + 1].count() if wanted.narrows else rows.count()


def problem_page(
    *,
    project: Project,
    user: User,
    wanted: ProblemFilter,
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
    with_scores: bool = True,
) -> ProblemPage:
    """Return the page behind cursor ``after``, or the one before cursor ``before``.

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    by_size, descending = (
        wanted.sort in ("largest", "smallest"),
        wanted.sort
        in (
            "newest",
            "largest",
        ),
    )
    rows = problems_matching(project=project, user=user, wanted=wanted)
    backwards = bool(before)
    if cursor := before or after:
        rows = _beyond(rows, cursor_read(cursor), by_size, down=descending != backwards)
    sign = "-" if descending != backwards else ""
    order = [f"{sign}n_steps", f"{sign}id"] if by_size else [f"{sign}id"]
    found = list(rows.order_by(*order)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    return ProblemPage(
        rows=problem_rows(project=project, problems=found, with_scores=with_scores),
        next=cursor_make(found[-1]) if found and (more or backwards) else "",
        previous=cursor_make(found[0]) if found and (more if backwards else after) else "",
    )


def problem_rows(
    *, project: Project, problems: list[Problem], with_scores: bool = True
) -> list[ProblemRow]:
    """Fill list rows for ``problems`` with four grouped queries, however many they are.

    ``with_scores`` False leaves the sparklines out, for readers who must stay blind to scores.
    """
    ids = [problem.pk for problem in problems]
    outcomes = {
        row["trace__problem_id"]: (row["solved"], row["judged"])
        for row in Outcome.objects.filter(
            trace__problem_id__in=ids, name=project.primary_outcome, value__isnull=False
        )
        .values("trace__problem_id")
        .annotate(solved=Count("id", filter=Q(value__gt=SOLVED_ABOVE)), judged=Count("id"))
    }
    labelled = {
        row["step__problem_id"]: row["n"]
        for row in _person_labels()
        .filter(step__problem_id__in=ids)
        .values("step__problem_id")
        .annotate(n=Count("step_id", distinct=True))
    }
    lines = sparklines(project=project, problems=problems) if with_scores else {}
    return [
        ProblemRow(p, *outcomes.get(p.pk, (0, 0)), labelled.get(p.pk, 0), lines.get(p.pk))
        for p in problems
    ]


def progress_of(*, project: Project) -> Progress:
    """Count problems, steps and the steps that a person has labelled."""
    totals = Problem.objects.filter(project=project).aggregate(n=Count("id"), steps=Sum("n_steps"))
    labelled = (
        _person_labels()
        .filter(rater__project=project)
        .aggregate(n=Count("step_id", distinct=True))["n"]
    )
    return Progress(totals["n"], totals["steps"] or 0, labelled)


def neighbours_of(*, problem: Problem) -> tuple[int | None, int | None]:
    """Return the ids of the problems before and after ``problem``, in the order of import."""
    rows = Problem.objects.filter(project_id=problem.project_id).values_list("pk", flat=True)
    previous = rows.filter(pk__lt=problem.pk).order_by("-pk").first()
    following = rows.filter(pk__gt=problem.pk).order_by("pk").first()
    return previous, following


def cursor_make(problem: Problem) -> str:
    """Return the opaque place of ``problem`` in any order of the list."""
    return base64.urlsafe_b64encode(f"{problem.n_steps}.{problem.pk}".encode()).decode()


def cursor_read(cursor: str) -> tuple[int, int]:
    """Return ``(n_steps, id)`` of a cursor.

    Raises:
        InvalidError: the text is not one of ours.
    """
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    match = re.fullmatch(r"(\d{1,10})\.(\d{1,18})", text, re.ASCII)
    if match is None or int(match[1]) >= 2**31:
        reason = "This page link is not one of this list. Start again from its first page."
        raise InvalidError(reason, fields={"cursor": reason})
    return int(match[1]), int(match[2])


def _beyond(
    rows: QuerySet[Problem], place: tuple[int, int], by_size: bool, *, down: bool
) -> QuerySet[Problem]:
    n_steps, pk = place
    if not by_size:
        return rows.filter(pk__lt=pk) if down else rows.filter(pk__gt=pk)
    if down:
        return rows.filter(n_steps__lte=n_steps).filter(Q(n_steps__lt=n_steps) | Q(pk__lt=pk))
    return rows.filter(n_steps__gte=n_steps).filter(Q(n_steps__gt=n_steps) | Q(pk__gt=pk))


def _person_labels() -> QuerySet[StepLabel]:
    """Return labels that say something, by people: only they count as progress."""
    said = Q(rating__isnull=False) | Q(unsure=True)
    return StepLabel.objects.filter(said, rater__kind=Rater.Kind.PERSON)


def _by_labels(
    rows: QuerySet[Problem], state: LabelState, project: Project, user: User
) -> QuerySet[Problem]:
    if not state:
        return rows
    labels = _person_labels().filter(step__problem_id=OuterRef("pk"))
    if state == "none":
        return rows.filter(~Exists(labels))
    if state == "todo":
        mine = labels.filter(rater__user=user).values("step__problem_id")
        counted = mine.annotate(n=Count("step", distinct=True)).values("n")
        return rows.filter(n_steps__gt=Coalesce(Subquery(counted), 0))
    # From the labels' side: they are few where problems are many.
    size = F("step__problem__n_steps")
    counts = (
        _person_labels()
        .filter(rater__project=project)
        .values("step__problem_id", "step__problem__n_steps")
        .annotate(n=Count("step", distinct=True))
    )
    wanted = counts.filter(n__lt=size) if state == "some" else counts.filter(n__gte=size)
    return rows.filter(pk__in=wanted.values("step__problem_id"))


def _by_outcome(rows: QuerySet[Problem], state: OutcomeState, name: str) -> QuerySet[Problem]:
    if not state:
        return rows
    known = Outcome.objects.filter(trace__problem_id=OuterRef("pk"), name=name, value__isnull=False)
    good, bad = (
        Exists(known.filter(value__gt=SOLVED_ABOVE)),
        Exists(known.filter(value__lte=SOLVED_ABOVE)),
    )
    conditions = {
        "solved": Q(good),
        "unsolved": Q(bad) & ~Q(good),
        "mixed": Q(bad) & Q(good),
        "unknown": ~Q(Exists(known)),
    }
    return rows.filter(conditions[state])
