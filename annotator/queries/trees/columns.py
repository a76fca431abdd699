"""A whole problem tree as pre-order columns, in a number of queries that does not depend on its size.

Position 0 is the problem, position p the step with ``preorder`` p. Everything the map and the
outline need travels as columns; texts are asked for by the positions on screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Case, F, Value, When
from django.db.models.functions import Concat, Left, StrIndex, Substr, Upper

from annotator.models import Outcome, Step, Trace
from annotator.queries.packed import packed_columns
from scoring.tree import FloatArray, IntArray, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from annotator.models import Problem, RewardModel

ROOT_ID = 0
PREVIEW_CHARS = 200
# How the texts of some samplers begin: system prompt and problem once more, then the step's words.
PREAMBLE, ANSWER = "system\n", "\nassistant\n"
# Inputs of methods that are words, not numbers: read only where a method needs them.
WORDS = frozenset({"kind", "level", "agent", "state"})
# What a label looks like in a byte: ratings as they are, and two states that are no rating.
UNSURE = 2
SEEN = 3
LABELS = """
SELECT l.step_id, l.rating, l.unsure::int AS unsure,
       (r.user_id IS NOT DISTINCT FROM %(user)s)::int AS mine, (r.kind <> 'person')::int AS given
FROM annotator_steplabel l
JOIN annotator_step s ON s.id = l.step_id AND s.problem_id = %(problem)s
JOIN annotator_rater r ON r.id = l.rater_id AND r.project_id = %(project)s
WHERE r.user_id = %(user)s
   OR (r.kind <> 'person' AND (r.kind <> 'model' OR l.source_id IS NOT NULL))
"""


@dataclass(frozen=True, eq=False, slots=True)
class TreeColumns:
    """The shape of a tree of N nodes, the problem included.

    Attributes:
        ids: ``(N,)`` int64 step ids, 0 for the problem.
        depth: ``(N,)`` int64, 0 for the problem.
        value, visits: ``(N,)`` float64 from a search, NaN = missing.
    """

    ids: IntArray
    depth: IntArray
    value: FloatArray
    visits: FloatArray

    def __len__(self) -> int:
        """Count the nodes, the problem included."""
        return len(self.ids)


def tree_columns(*, problem: Problem) -> TreeColumns:
    """Return the shape of ``problem``'s tree with one query."""
    ids, depth, value, visits = packed_columns(
        "SELECT id, depth, value, visits FROM annotator_step"
        " WHERE problem_id = %(problem)s ORDER BY preorder",
        {"problem": problem.pk},
        id="int",
        depth="int",
        value="float",
        visits="float",
    )
    return TreeColumns(
        ids=np.concatenate([[ROOT_ID], ids]),
        depth=np.concatenate([[0], depth]),
        value=np.concatenate([[np.nan], value]),
        visits=np.concatenate([[np.nan], visits]),
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
        with_text: also load texts, kinds, states, levels and agents (few methods need them).
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
        **more,
    )


def _written_columns(problem: Problem) -> dict[str, Any]:
    """Return the columns of words; ``state`` and friends only where some step has one."""
    rows = list(
        Step.objects.filter(problem=problem)
        .order_by("preorder")
        .values_list("text", "kind", "state_before", "level", "agent", "n_tokens")
    )
    text, kind, state, level, agent, tokens = zip(*rows, strict=True) if rows else ((),) * 6
    found: dict[str, Any] = {"text": (problem.prompt, *text), "extra": {"kind": ("", *kind)}}
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
    end_ids, values, named = packed_columns(
        "SELECT t.end_id, o.value, (o.id IS NOT NULL)::int AS named FROM annotator_trace t"
        " LEFT JOIN annotator_outcome o ON o.trace_id = t.id AND o.name = %(name)s"
        " WHERE t.problem_id = %(problem)s ORDER BY t.ordinal",
        {"problem": problem.pk, "name": outcome or problem.project.primary_outcome},
        end_id="int",
        value="float",
        named="int",
    )
    return positions(ids, end_ids), values if named.any() else None


def score_column(
    *, problem: Problem, model: RewardModel, ids: IntArray, part: int = 0
) -> FloatArray:
    """Return ``(N,)`` scores of ``model`` for the problem's steps, NaN = not scored.

    Args:
        problem: whose steps.
        model: whose scores.
        ids: ``(N,)`` of the steps.
        part: 0 = the score; p = the p-th of ``model.parts`` in its place.
    """
    step_ids, scores = packed_columns(
        "SELECT x.step_id, CASE WHEN %(part)s = 0 THEN x.score ELSE x.parts[%(part)s] END AS score"
        " FROM annotator_stepscore x JOIN annotator_step s ON s.id = x.step_id"
        " WHERE x.model_id = %(model)s AND s.problem_id = %(problem)s",
        {"problem": problem.pk, "model": model.pk, "part": part},
        step_id="int",
        score="float",
    )
    column = np.full(len(ids), np.nan)
    column[positions(ids, step_ids)] = scores
    return column


def positions(ids: IntArray, wanted: IntArray) -> IntArray:
    """Return where each id of ``wanted`` stands in ``ids``; all of them must be there."""
    order = np.argsort(ids, kind="stable")
    return np.asarray(order[np.searchsorted(ids, wanted, sorter=order)], np.int64)


def label_columns(
    *, problem: Problem, ids: IntArray, user_id: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return who judged what, per position, with one query.

    Returns:
        Positions judged by the person; their codes (-1, 0, 1, ``UNSURE``, or ``SEEN`` = noted but
        not rated); and ``(N,)`` codes of checkers and imported labelers (-1, 0, 1, or -9 = none;
        the lowest rating where they differ).
    """
    step_ids, ratings, unsure, mine, given = packed_columns(
        LABELS,
        {"problem": problem.pk, "project": problem.project_id, "user": user_id},
        step_id="int",
        rating="float",
        unsure="int",
        mine="int",
        given="int",
    )
    rated = np.isfinite(ratings)
    at, own, others = positions(ids, step_ids), mine > 0, (given > 0) & rated
    codes = np.where(unsure > 0, UNSURE, np.where(rated, ratings, SEEN)).astype(np.int64)
    column = np.full(len(ids), 9, np.int64)
    np.minimum.at(column, at[others], ratings[others].astype(np.int64))
    column[column == 9] = -9
    return at[own], codes[own], column


def label_code(rating: int | None, *, unsure: bool) -> int:
    """Return a label's code: the rating, ``UNSURE``, or ``SEEN``."""
    if unsure:
        return UNSURE
    return SEEN if rating is None else rating


def text_previews(*, problem: Problem, at: Sequence[int]) -> dict[int, str]:
    """Return the first characters of the steps at the given positions.

    Where the text repeats a whole chat before it, these are the first of the step's own words,
    behind "…".
    """
    rows = Step.objects.filter(problem=problem, preorder__in=list(at))
    own = Substr("text", F("answer") + len(ANSWER), PREVIEW_CHARS)
    preview = Case(
        When(text__startswith=PREAMBLE, answer__gt=0, then=Concat(Value("… "), own)),
        default=Left("text", PREVIEW_CHARS),
    )
    rows = rows.annotate(answer=StrIndex("text", Value(ANSWER)))
    return dict(rows.annotate(preview=preview).values_list("preorder", "preview"))


def _any_sign(text: str) -> str:
    """Return a regular expression for ``text`` in which a sign of the keyboard stands for all like it."""
    like = {"-": "[-−–—]", "*": "[*×·]", "/": "[/÷]"}
    typed = text.translate(str.maketrans("−–—×·÷", "---**/"))
    escaped = (f"\\{char}" if char.isascii() and not char.isalnum() else char for char in typed)
    return "".join(like.get(char[-1], char) for char in escaped)


def text_hits(*, problem: Problem, text: str) -> list[int]:
    """Return the positions of the steps that contain ``text``, in tree order.

    Case does not matter, and the signs a keyboard lacks are found by those it has: ``-`` finds
    minus and dashes, ``*`` finds ``×`` and ``·``, ``/`` finds ``÷``.
    """
    rows = Step.objects.filter(problem=problem).order_by("preorder")
    if any(sign in "-*/−–—×·÷" for sign in text):
        rows = rows.filter(text__iregex=_any_sign(text))
    else:  # a fifth of the time
        rows = rows.annotate(found=StrIndex(Upper("text"), Upper(Value(text)))).filter(found__gt=0)
    return list(rows.values_list("preorder", flat=True))


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
