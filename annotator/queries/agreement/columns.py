"""Judgements as columns for the statistics: one statement each, arrays instead of rows.

Half a million ratings are five columns of bytes; what belongs together is found with numpy.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Exists, OuterRef, Q

from annotator.models import Assignment, Queue, Submission
from annotator.models import Ranking as RankingRow
from annotator.queries.agreement.asides import ASIDE, COUNTS, rankings_counted
from annotator.queries.packed import packed_columns
from annotator.queries.queues.gates import RANKING_LEVELS
from scoring.agreement import FirstErrors, Rankings, Ratings
from scoring.agreement.paths import Paths, first_errors
from scoring.agreement.rankings import Ranking
from scoring.types import RATINGS

if TYPE_CHECKING:
    from annotator.models import Project
    from annotator.queries.agreement.scope import Scope
    from scoring.agreement.data import FloatArray, IntArray

# What the people who submitted an item of the queue were asked about.
ANSWERED = """
SELECT i.problem_id, i.trace_id, e.preorder AS place, a.user_id
FROM annotator_queueitem i
JOIN annotator_assignment a ON a.item_id = i.id AND a.state = 'submitted'
JOIN annotator_trace t ON t.id = i.trace_id
JOIN annotator_step e ON e.id = t.end_id
WHERE i.queue_id = %(queue)s
"""
LABELS = """
SELECT l.id AS row, l.step_id AS step, s.problem_id AS problem, l.rater_id AS rater,
       l.rating AS rating
FROM annotator_rater r
JOIN annotator_steplabel l ON l.rater_id = r.id AND (l.rating IS NOT NULL OR l.unsure)
JOIN annotator_step s ON s.id = l.step_id
{guideline}
WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s) {conditions}
"""
# Every step of a span, at its path from first to last.
SPANS = """
SELECT l.id AS row, s.id AS step, s.problem_id AS problem, l.rater_id AS rater, l.rating AS rating
FROM annotator_rater r
JOIN annotator_spanlabel l ON l.rater_id = r.id AND l.rating IS NOT NULL
JOIN annotator_step f ON f.id = l.first_id
JOIN annotator_step e ON e.id = l.last_id
JOIN annotator_step s ON s.problem_id = f.problem_id
    AND s.preorder BETWEEN f.preorder AND e.preorder AND s.subtree_end > e.preorder
{guideline}
WHERE r.project_id = %(project)s AND r.kind = ANY(%(kinds)s) {conditions}
"""
OF_GUIDELINE = """
JOIN annotator_guidelineversion g ON g.id = l.guideline_id AND g.number = %(guideline)s
"""
OF_QUEUE = """
AND EXISTS (SELECT 1 FROM answered w WHERE w.problem_id = s.problem_id AND w.user_id = r.user_id
            AND s.preorder <= w.place AND s.subtree_end > w.place)
"""
STEPS = """
SELECT s.id AS step, coalesce(s.parent_id, 0) AS parent, s.depth
FROM annotator_step s WHERE s.problem_id = ANY(%(problems)s)
"""
TRACES = """
SELECT t.id AS trace, t.end_id AS last, t.problem_id AS problem
FROM annotator_trace t WHERE t.problem_id = ANY(%(problems)s)
"""
# A person who gave a trace up, or called its whole problem faulty, blames no step of it.
ENDED = """
SELECT t.id AS trace, u.rater_id AS rater
FROM annotator_submission u
JOIN annotator_trace t ON t.problem_id = u.problem_id AND t.id = coalesce(u.trace_id, t.id)
WHERE u.problem_id = ANY(%(problems)s) AND u.reason = ANY(%(ended)s)
"""
ANSWERS = """
SELECT DISTINCT w.trace_id AS trace, r.id AS rater
FROM answered w JOIN annotator_rater r ON r.user_id = w.user_id AND r.project_id = %(project)s
"""
CELL = {"row": "int", "step": "int", "problem": "int", "rater": "int", "rating": "float"}


@dataclass(frozen=True, eq=False, slots=True)
class Cells:
    """What raters said of steps, a step and rater once; NaN = unsure."""

    step: IntArray
    problem: IntArray
    rater: IntArray
    rating: FloatArray


def ratings_of(cells: Cells) -> Ratings:
    """Return the ratings; who was unsure gave none."""
    rated = np.isfinite(cells.rating)
    return Ratings.of(
        cells.step[rated],
        cells.rater[rated],
        cells.rating[rated].astype(np.int64),
        problems=cells.problem[rated],
        categories=RATINGS,
    )


def labels_of(*, project: Project, scope: Scope) -> Cells:
    """Return the step labels of ``scope``; of several from different sources the newest."""
    return _cells([_packed(LABELS, project, scope)])


def first_errors_of(*, project: Project, scope: Scope, labels: Cells) -> FirstErrors:
    """Return where everybody's judgements blame the traces.

    A span judgement answers for its steps without a label, as in the workbench.
    """
    own = (np.arange(len(labels.step)), *_columns(labels))
    cells = _cells([_packed(SPANS, project, scope), own])
    found: dict[str, Any] = {
        "problems": np.unique(cells.problem).tolist(),
        "ended": [Submission.Reason.GIVE_UP.value, Submission.Reason.BAD_PROBLEM.value],
    }
    step, parent, depth = packed_columns(STEPS, found, step="int", parent="int", depth="int")
    trace, end, problem = packed_columns(TRACES, found, trace="int", last="int", problem="int")
    ended = packed_columns(ENDED, found, trace="int", rater="int")
    only = None
    if scope.queue is not None:
        statement = f"WITH answered AS ({ANSWERED}) {ANSWERS}"
        asked = {"queue": scope.queue, "project": project.pk}
        only = packed_columns(statement, asked, trace="int", rater="int")
    return first_errors(
        Paths(step, parent, depth, trace, end, problem),
        step=cells.step,
        rater=cells.rater,
        rating=cells.rating,
        ended=(ended[0], ended[1]),
        only=(only[0], only[1]) if only is not None else None,
    )


def rankings_of(*, project: Project, scope: Scope) -> Rankings:
    """Return the rankings of ``scope``; of several on one question the newest.

    Their ``place`` is the parent (0 = the problem) and the smallest item of the question.
    """
    rows = RankingRow.objects.filter(
        rater__project=project, rater__kind__in=scope.kinds, problem__project=project
    )
    if scope.guideline is not None:
        rows = rows.filter(guideline__number=scope.guideline)
    if scope.since is not None:
        rows = rows.filter(updated__date__gte=scope.since)
    if scope.until is not None:
        rows = rows.filter(updated__date__lte=scope.until)
    if not _of_exam(scope):
        rows = rankings_counted(rows)
    if scope.queue is not None:
        task = Queue.objects.values_list("task", flat=True).get(pk=scope.queue)
        answered = Assignment.objects.filter(
            item__queue=scope.queue,
            state=Assignment.State.SUBMITTED,
            user=OuterRef("rater__user"),
            item__problem=OuterRef("problem"),
        )
        here = answered.filter(item__parent=OuterRef("parent"))
        rows = rows.filter(level=RANKING_LEVELS.get(Queue.Task(task), "")).filter(
            Exists(here) | Q(parent=None) & Exists(answered.filter(item__parent=None))
        )
    named = rows.order_by("pk").values_list(
        "problem", "level", "parent", "criterion", "rater", "tiers", "aside", named=True
    )
    at: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in named.iterator(chunk_size=5_000):
        at[row.problem, row.level, row.parent, row.criterion].append(row)
    found = {}
    for place in at.values():
        for first, row in zip(_first_items(place), place, strict=True):
            ranking = Ranking(
                place=(row.parent or 0, first),
                rater=row.rater,
                tiers=tuple(tuple(tier) for tier in row.tiers),
                problem=row.problem,
                level=row.level,
                criterion=row.criterion,
            )
            found[ranking.question, row.rater] = ranking
    return Rankings.of(found.values())


def _of_exam(scope: Scope) -> bool:
    """Say whether an exam was asked for; else its answers and the sources of gold are left out."""
    exams = Queue.objects.filter(is_exam=True)
    return scope.queue is not None and exams.filter(pk=scope.queue).exists()


def _first_items(rows: list[Any]) -> list[int]:
    """Return for each ranking of one place the smallest item of its question.

    Sources ask about several sets of traces of one problem; rankings that are not even linked by
    common items are of different questions.
    """
    sets: list[set[int]] = []
    for row in rows:
        items = {item for tier in [*row.tiers, row.aside] for item in tier}
        apart = [known for known in sets if known.isdisjoint(items)]
        sets = [*apart, items.union(*(known for known in sets if not known.isdisjoint(items)))]
    first = {item: min(known) for known in sets for item in known}
    return [first[(row.tiers[0] if row.tiers else row.aside)[0]] for row in rows]


def _packed(statement: str, project: Project, scope: Scope) -> tuple[Any, ...]:
    """Return the columns ``CELL`` of the labels or spans of ``scope``."""
    conditions = []
    if scope.since is not None:
        conditions.append("AND l.updated >= %(since)s::date")
    if scope.until is not None:
        conditions.append("AND l.updated::date <= %(until)s::date")
    if scope.queue is not None:
        conditions.append(OF_QUEUE)
    before = []
    if scope.queue is not None:
        before.append(f"answered AS MATERIALIZED ({ANSWERED})")
    if not _of_exam(scope):
        before.append(f"aside AS MATERIALIZED ({ASIDE})")
        conditions.append(f"AND {COUNTS}")
    filled = statement.format(
        guideline=OF_GUIDELINE if scope.guideline is not None else "",
        conditions=" ".join(conditions),
    )
    return tuple(
        packed_columns(
            f"{'WITH ' if before else ''}{', '.join(before)} {filled}",
            {
                "project": project.pk,
                "kinds": list(scope.kinds),
                "queue": scope.queue,
                "guideline": scope.guideline,
                "since": scope.since,
                "until": scope.until,
            },
            **CELL,
        )
    )


def _cells(parts: list[tuple[Any, ...]]) -> Cells:
    """Join columns; of several rows of a rater and step the last part's newest is kept."""
    row, step, problem, rater, rating = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    part = np.repeat(np.arange(len(parts)), [len(columns[0]) for columns in parts])
    order = np.lexsort((row, part, rater, step))
    last = np.ones(len(order), np.bool_)
    same = (np.diff(step[order]) == 0) & (np.diff(rater[order]) == 0)
    last[:-1] = ~same
    kept = order[last]
    return Cells(step[kept], problem[kept], rater[kept], rating[kept])


def _columns(cells: Cells) -> tuple[Any, ...]:
    return cells.step, cells.problem, cells.rater, cells.rating
