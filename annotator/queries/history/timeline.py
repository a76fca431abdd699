"""Who did what when in a problem: judgements, comments and assignments in one line of time.

Events are never changed, so this is read from them alone. Reviewers see all of it; annotators see
their own, and what others said where that is open to them; viewers see what the data brought.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.utils import timezone

from annotator.errors import InvalidError, NotFoundError
from annotator.models import Assignment, Comment, JudgementEvent, Step
from annotator.queries.access import MAX_ID, Gate, access_to
from annotator.queries.history.sight import comments_open, events_open, steps_open
from annotator.queries.history.words import (
    assignment_words,
    comment_words,
    event_words,
    import_words,
    names_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from annotator.models import Problem
    from annotator.queries.access import Access
    from annotator.queries.history.words import Names

PAGE = 100
Kind = JudgementEvent.Kind
REASONED = (Kind.ADJUDICATION, Kind.RESOLUTION)
# What these change belongs to nobody.
SHARED = (Kind.OUTCOME, *REASONED)
_event_of = Gate(JudgementEvent, "event", "project", ("problem__project",))


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        source: where it is from: ``event``, ``comment``, ``served`` or ``finished``; with ``pk`` and
            ``at`` the place in the line.
        kind: of the event, "" for others.
        who: a name; "" where no person acted.
        undone: it was undone and not done again.
        mine: the reader did it.
        end: the id of the step at which the trace ends.
        fork: the step after which something was ranked; it becomes ``step``.
        shared: it changed something that belongs to nobody: an outcome, a final decision, a resolution.
    """

    at: datetime
    source: str
    pk: int
    who: str
    what: str
    kind: str = ""
    note: str = ""
    step: Step | None = None
    trace: int | None = None
    end: int | None = None
    fork: int | None = None
    undone: bool = False
    mine: bool = False
    shared: bool = False

    @property
    def cursor(self) -> str:
        """The place in the line, for the next page."""
        return f"{self.at.isoformat()}~{RANK[self.source]}~{self.pk}"


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows of one table with the field that is their time."""

    rows: QuerySet[Any]
    time: str
    entries: Callable[[Sequence[Any]], Iterable[Entry]]


RANK = {"event": 3, "comment": 2, "finished": 1, "served": 0}


def history_of(
    *,
    access: Access,
    problem: Problem,
    step: Step | None = None,
    after: str = "",
    size: int = PAGE,
) -> tuple[list[Entry], str]:
    """Return a page of the problem's history, newest first, and the cursor of the next ("" = none).

    Args:
        access: who asks.
        problem: of a project that a gate opened.
        step: only what is about this step.
        after: the cursor of the page before.
        size: how many entries.

    Raises:
        InvalidError: a cursor that this list did not make.
    """
    return _page(_sources(access, problem, step), after, size)


def _page(sources: Mapping[str, _Source], after: str, size: int) -> tuple[list[Entry], str]:
    at, rank, pk = _cursor_read(after)
    found: list[Entry] = []
    for name, source in sources.items():
        earlier = Q(**{f"{source.time}__lt": at})
        if RANK[name] < rank:
            earlier |= Q(**{source.time: at})
        elif RANK[name] == rank:
            earlier |= Q(**{source.time: at, "pk__lt": pk})
        rows = source.rows.filter(earlier).order_by(F(source.time).desc(), "-pk")
        found += source.entries(list(rows[: size + 1]))
    found.sort(key=lambda entry: (entry.at, RANK[entry.source], entry.pk), reverse=True)
    more, found = len(found) > size, found[:size]
    return _with_forks(found), found[-1].cursor if more else ""


def history_whole(*, access: Access, problem: Problem, step: Step | None = None) -> Iterator[Entry]:
    """Yield the whole history, newest first, page by page."""
    sources = _sources(access, problem, step)
    after = ""
    while True:
        found, after = _page(sources, after, PAGE)
        yield from found
        if not after:
            return


def event_for_user(
    *, user: User, pk: int, problem: int, project: str | None = None
) -> tuple[Access, JudgementEvent]:
    """Return an event of a problem, open to ``user``, to restore or to undo back to.

    Raises:
        NotFoundError: no such event in this problem, or the person may not know of it.
        ForbiddenError: they may only read.
    """
    event = _event_of(user=user, pk=pk, at_least="annotator", project=project, problem=problem)
    access = access_to(user=user, project=event.problem.project)
    steps = steps_open(access, event.problem)
    seen = events_open(access, event.problem, steps)
    if not JudgementEvent.objects.filter(seen, pk=pk).exists():
        raise NotFoundError(f"There is no {_event_of.noun} {pk} in problem {problem}.")
    return access, event


def undone_events(pairs: Iterable[tuple[int, int | None]]) -> set[int]:
    """Return what is undone at present, from ``(id, undoes)`` of every undo and redo."""
    undone: set[int] = set()
    # The newest first: whether an undo holds is known when it is reached.
    for pk, undoes in sorted(pairs, key=itemgetter(0), reverse=True):
        if undoes is not None and pk not in undone:
            undone.add(undoes)
    return undone


def _sources(access: Access, problem: Problem, step: Step | None) -> dict[str, _Source]:
    steps = steps_open(access, problem)
    events = JudgementEvent.objects.filter(
        events_open(access, problem, steps), problem=problem
    ).select_related("user", "rater", "step", "trace", "source__file")
    comments = Comment.objects.filter(comments_open(access, steps), problem=problem).select_related(
        "rater", "step", "resolved_by", "guideline"
    )
    assignments = Assignment.objects.filter(item__problem=problem).select_related(
        "user", "item__queue", "item__trace", "item__parent"
    )
    if not access.may_review:
        assignments = assignments.filter(user=access.user_id)
    if step is not None:
        events, comments = events.filter(step=step), comments.filter(step=step)
        assignments = assignments.none()
    undoing = JudgementEvent.objects.filter(problem=problem, undoes__isnull=False)
    undone = undone_events(undoing.values_list("pk", "undoes"))
    return {
        "event": _Source(events, "created", lambda rows: _events(rows, undone, access)),
        "comment": _Source(
            comments, "created", lambda rows: [_comment(row, access) for row in rows]
        ),
        "finished": _Source(
            assignments.filter(finished__isnull=False),
            "finished",
            lambda rows: [_assignment(row, access, ended=True) for row in rows],
        ),
        "served": _Source(
            assignments,
            "started",
            lambda rows: [_assignment(row, access, ended=False) for row in rows],
        ),
    }


def _events(rows: Sequence[JudgementEvent], undone: set[int], access: Access) -> Iterator[Entry]:
    names = names_in(rows, project=access.project)
    return (_event(row, undone, access, names) for row in rows)


def _event(row: JudgementEvent, undone: set[int], access: Access, names: Names) -> Entry:
    if row.kind == Kind.IMPORT:
        # How much was judged in a file is for reviewers: it would tell gold from the rest.
        said = import_words(row) if access.may_review else "imported"
        return Entry(row.created, "event", row.pk, "", said, kind=row.kind)
    name = row.user.get_username() if row.user else (row.rater.name if row.rater else "")
    state = {} if row.payload.get("cleared") else row.payload
    return Entry(
        at=row.created,
        source="event",
        pk=row.pk,
        who=name,
        what=event_words(row, names),
        kind=row.kind,
        note=state.get("reason" if row.kind in REASONED else "note", ""),
        step=row.step,
        trace=row.trace.number if row.trace else None,
        end=row.trace.end_id if row.trace else None,
        fork=row.payload.get("parent") if row.payload.get("level") else None,
        undone=row.pk in undone,
        mine=row.user_id == access.user_id,
        shared=row.kind in SHARED,
    )


def _with_forks(entries: list[Entry]) -> list[Entry]:
    """Load the steps after which something was ranked, all at once."""
    forks = Step.objects.in_bulk({entry.fork for entry in entries if entry.fork})
    return [
        replace(entry, step=forks.get(entry.fork)) if entry.fork else entry for entry in entries
    ]


def _comment(row: Comment, access: Access) -> Entry:
    return Entry(
        at=row.created,
        source="comment",
        pk=row.pk,
        who=row.rater.name,
        what=comment_words(row),
        note=row.text,
        step=row.step,
        mine=row.rater.user_id == access.user_id,
    )


def _assignment(row: Assignment, access: Access, *, ended: bool) -> Entry:
    trace = row.item.trace
    return Entry(
        at=row.finished if ended and row.finished else row.started,
        source="finished" if ended else "served",
        pk=row.pk,
        who=row.user.get_username(),
        what=assignment_words(row, ended=ended),
        note=row.reason if ended else "",
        trace=trace.number if trace else None,
        end=trace.end_id if trace else None,
        mine=row.user_id == access.user_id,
    )


def _cursor_read(text: str) -> tuple[datetime, int, int]:
    """Return time, rank and id of a cursor; "" is before the newest entry."""
    if not text:
        return timezone.now() + timedelta(days=1), 0, 0
    stamp, _, rest = text.partition("~")
    rank, _, pk = rest.partition("~")
    try:
        at, place = datetime.fromisoformat(stamp), (int(rank), int(pk))
    except ValueError:
        at, place = timezone.now(), (-1, -1)
    if at.tzinfo is None or place[0] not in RANK.values() or not 0 < place[1] <= MAX_ID:
        reason = "This page link is not one of this list. Start again from its first page."
        raise InvalidError(reason, fields={"after": reason})
    return at, *place
