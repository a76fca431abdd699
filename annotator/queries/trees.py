"""A whole problem tree as pre-order columns, in a number of queries that does not depend on its size.

Position 0 is the problem, position p the step with ``preorder`` p. Everything the map and the
outline need travels as columns; texts are asked for by the positions on screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from django.db.models import F, Func, Value
from django.db.models.functions import Left, StrIndex, Upper

from annotator.models import Outcome, Step, StepLabel, Trace
from scoring.credit.registry import METHODS, assign
from scoring.tree import FloatArray, IntArray, ObjectArray, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from annotator.models import Problem, RewardModel
    from scoring.credit.base import CreditResult

ROOT_ID = 0
PREVIEW_CHARS = 200
# What a label looks like in a byte: ratings as they are, and two states that are no rating.
UNSURE = 2
SEEN = 3


@dataclass(frozen=True, eq=False, slots=True)
class TreeColumns:
    """The shape of a tree of N nodes, the problem included.

    Attributes:
        ids: ``(N,)`` int64 step ids, 0 for the problem.
        depth: ``(N,)`` int64, 0 for the problem.
        kind: ``(N,)`` object, "" for the problem.
        value, visits: ``(N,)`` float64 from a search, NaN = missing.
    """

    ids: IntArray
    depth: IntArray
    kind: ObjectArray
    value: FloatArray
    visits: FloatArray

    def __len__(self) -> int:
        """Count the nodes, the problem included."""
        return len(self.ids)


def tree_columns(*, problem: Problem) -> TreeColumns:
    """Return the shape of ``problem``'s tree with one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, depth, kind, value, visits FROM annotator_step"
            " WHERE problem_id = %s ORDER BY preorder",
            [problem.pk],
        )
        rows = cursor.fetchall()
    ids, depth, kind, value, visits = zip(*rows, strict=True) if rows else ((),) * 5
    return TreeColumns(
        ids=np.array((ROOT_ID, *ids), np.int64),
        depth=np.array((0, *depth), np.int64),
        kind=np.array(("", *kind), object),
        value=np.array((np.nan, *value), np.float64),
        visits=np.array((np.nan, *visits), np.float64),
    )


def tree_of(
    *,
    problem: Problem,
    outcome: str | None = None,
    model: RewardModel | None = None,
    columns: TreeColumns | None = None,
    with_text: bool = True,
) -> Tree:
    """Return ``problem``'s steps and traces as the tree that scoring and credit work on.

    Args:
        problem: the problem; its node has the id 0, a step's node the step's primary key.
        outcome: name of the outcome; None = the project's primary one.
        model: whose step scores fill ``score``; None = no such column.
        columns: the shape, if the caller has it already.
        with_text: also load texts, states, levels and agents (which credit does not need).
    """
    shape = columns if columns is not None else tree_columns(problem=problem)
    ends, outcomes = trace_columns(problem=problem, outcome=outcome, ids=shape.ids)
    more: dict[str, Any] = _written_columns(problem) if with_text else {}
    if model is not None:
        more["score"] = score_column(problem=problem, model=model, ids=shape.ids)
    searched = {"value": shape.value, "visits": shape.visits}
    more |= {name: column for name, column in searched.items() if np.isfinite(column).any()}
    return Tree.from_columns(
        ids=shape.ids,
        depth=shape.depth,
        ends=ends,
        outcomes=outcomes,
        extra={"kind": shape.kind},
        **more,
    )


def _written_columns(problem: Problem) -> dict[str, Any]:
    """Return the columns of words; ``state`` and friends only where some step has one."""
    rows = list(
        Step.objects.filter(problem=problem)
        .order_by("preorder")
        .values_list("text", "state_before", "level", "agent", "n_tokens")
    )
    text, state, level, agent, tokens = zip(*rows, strict=True) if rows else ((),) * 5
    found: dict[str, Any] = {"text": (problem.prompt, *text)}
    if any(cell is not None for cell in state):
        found["state"] = (None, *state)
    if any(level):
        found["level"] = ("", *level)
    if any(agent):
        found["agent"] = ("", *agent)
    if any(cell is not None for cell in tokens):
        found["n_tokens"] = np.array((np.nan, *tokens), np.float64)
    return found


def trace_columns(
    *, problem: Problem, ids: IntArray, outcome: str | None = None
) -> tuple[IntArray, FloatArray | None]:
    """Return per trace, in import order, its end position and its outcome.

    Returns:
        ``(T,)`` positions and ``(T,)`` numbers, NaN = unknown; the second is None where no trace
        of the problem has an outcome of that name, so that a method can say what it misses.
    """
    name = outcome or problem.project.primary_outcome
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.end_id, o.value, o.id IS NOT NULL FROM annotator_trace t"
            " LEFT JOIN annotator_outcome o ON o.trace_id = t.id AND o.name = %s"
            " WHERE t.problem_id = %s ORDER BY t.ordinal",
            [name, problem.pk],
        )
        rows = cursor.fetchall()
    ends = positions(ids, np.array([row[0] for row in rows], np.int64))
    if not any(row[2] for row in rows):
        return ends, None
    return ends, np.array([row[1] for row in rows], np.float64)


def score_column(*, problem: Problem, model: RewardModel, ids: IntArray) -> FloatArray:
    """Return ``(N,)`` scores of ``model`` for the problem's steps, NaN = not scored."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.step_id, x.score FROM annotator_stepscore x"
            " JOIN annotator_step s ON s.id = x.step_id"
            " WHERE x.model_id = %s AND s.problem_id = %s",
            [model.pk, problem.pk],
        )
        rows = cursor.fetchall()
    column = np.full(len(ids), np.nan)
    at = positions(ids, np.array([row[0] for row in rows], np.int64))
    column[at] = [row[1] for row in rows]
    return column


def positions(ids: IntArray, wanted: IntArray) -> IntArray:
    """Return where each id of ``wanted`` stands in ``ids``; all of them must be there."""
    order = np.argsort(ids, kind="stable")
    return np.asarray(order[np.searchsorted(ids, wanted, sorter=order)], np.int64)


def credit_columns(
    *,
    problem: Problem,
    method: str,
    params: Mapping[str, Any] | None = None,
    model: RewardModel | None = None,
    columns: TreeColumns | None = None,
) -> CreditResult:
    """Compute ``method`` for the tree of ``problem`` from what is stored now.

    Raises:
        ScoringError: for an unknown method or parameter, or an input the problem lacks.
    """
    row = METHODS.get(method)
    words = row is not None and not {"level", "agent", "state"}.isdisjoint(row.needs)
    tree = tree_of(problem=problem, model=model, columns=columns, with_text=words)
    return assign(method, tree, **(params or {}))


def label_columns(
    *, problem: Problem, ids: IntArray, user_id: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return who judged what, per position, with one query.

    Returns:
        Positions judged by the person; their codes (-1, 0, 1, ``UNSURE``, or ``SEEN`` = noted but
        not rated); and ``(N,)`` codes of checkers and imported labelers (-1, 0, 1, or -9 = none;
        the lowest rating where they differ).
    """
    rows = StepLabel.objects.filter(step__problem=problem, rater__project_id=problem.project_id)
    found = list(
        rows.values_list("step_id", "rating", "unsure", "rater__kind", "rater__user_id").order_by()
    )
    mine = [(row[0], label_code(row[1], unsure=row[2])) for row in found if row[4] == user_id]
    given = [(row[0], row[1]) for row in found if row[3] != "person" and row[1] is not None]
    own = np.array(mine, np.int64).reshape(-1, 2)
    others = np.array(given, np.int64).reshape(-1, 2)
    column = np.full(len(ids), 9, np.int64)
    np.minimum.at(column, positions(ids, others[:, 0]), others[:, 1])
    column[column == 9] = -9
    return positions(ids, own[:, 0]), own[:, 1].copy(), column


def label_code(rating: int | None, *, unsure: bool) -> int:
    """Return a label's code: the rating, ``UNSURE``, or ``SEEN``."""
    if unsure:
        return UNSURE
    return SEEN if rating is None else rating


def text_previews(*, problem: Problem, at: Sequence[int]) -> dict[int, str]:
    """Return the first characters of the steps at the given positions."""
    rows = Step.objects.filter(problem=problem, preorder__in=list(at))
    return dict(
        rows.annotate(preview=Left("text", PREVIEW_CHARS)).values_list("preorder", "preview")
    )


def _as_typed(text: F | Value) -> Upper:
    """Return ``text`` in capitals with typographic signs replaced by those of a keyboard."""
    return Upper(Func(text, Value("−–—×·÷"), Value("---**/"), function="TRANSLATE"))


def text_hits(*, problem: Problem, text: str) -> list[int]:
    """Return the positions of the steps that contain ``text``, in tree order.

    Case does not matter, and the signs a keyboard lacks are found by those it has: ``-`` finds
    minus and dashes, ``*`` finds ``×`` and ``·``, ``/`` finds ``÷``.
    """
    rows = Step.objects.filter(problem=problem).annotate(
        found=StrIndex(_as_typed(F("text")), _as_typed(Value(text)))
    )
    return list(rows.filter(found__gt=0).order_by("preorder").values_list("preorder", flat=True))


def outcomes_by_trace(*, trace_ids: Iterable[int]) -> dict[int, list[Outcome]]:
    """Return the outcomes of each trace, by name."""
    grouped: dict[int, list[Outcome]] = {}
    for outcome in Outcome.objects.filter(trace_id__in=list(trace_ids)).order_by("name"):
        grouped.setdefault(outcome.trace_id, []).append(outcome)
    return grouped


def traces_ending_at(*, step: Step, limit: int) -> list[Trace]:
    """Return the first ``limit`` traces that end at ``step``, with where they came from."""
    rows = Trace.objects.filter(end=step).select_related("source__file")
    return list(rows.order_by("ordinal")[:limit])
