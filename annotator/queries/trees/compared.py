"""What a comparison reads of one problem: two paths, what people and checkers said, texts on screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from annotator.models import JudgementEvent, Outcome, Step, TokenScore, Trace
from annotator.models.finite import known
from annotator.queries.agreement.asides import COUNTS, EXAMINED
from annotator.queries.packed import packed_columns
from annotator.queries.trees.columns import positions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from annotator.models import Problem, RewardModel
    from annotator.queries.blindness import Sight
    from scoring.tree import FloatArray, IntArray

MOST_TRACES = 200
# ``human``: people here and labelers of the source. Exam answers test a person, not the step.
RATINGS = f"""
WITH aside AS MATERIALIZED ({EXAMINED})
SELECT l.step_id, l.rating, (r.kind = 'machine')::int AS machine,
       (r.kind <> 'person')::int AS given,
       (r.user_id IS NOT DISTINCT FROM %(user)s)::int AS mine
FROM annotator_steplabel l
JOIN annotator_step s ON s.id = l.step_id AND s.problem_id = %(problem)s
JOIN annotator_rater r ON r.id = l.rater_id AND r.project_id = %(project)s
WHERE l.rating IS NOT NULL AND r.kind IN ('person', 'imported', 'machine') AND {COUNTS}
"""  # noqa: S608 - own text


@dataclass(frozen=True, eq=False, slots=True)
class Ratings:
    """Mean rating of every step, NaN = none, and how many ratings stand behind them.

    Attributes:
        human: ``(N,)`` by people and by the source's labelers.
        checker: ``(N,)`` by programs.
        humans, checkers: ratings behind each column.
    """

    human: FloatArray
    checker: FloatArray
    humans: int
    checkers: int


def ratings_of(*, problem: Problem, ids: IntArray, user_id: int, sight: Sight) -> Ratings:
    """Return what was said of each of the steps ``ids``, as far as the person may see it.

    Who does not review gets their own ratings and those that came with the data where these are
    open to them; never those of another person.
    """
    step_ids, rating, machine, given, mine = packed_columns(
        RATINGS,
        {"problem": problem.pk, "project": problem.project_id, "user": user_id},
        step_id="int",
        rating="float",
        machine="int",
        given="int",
        mine="int",
    )
    at = positions(ids, step_ids)
    seen = np.ones(len(at), np.bool_)
    if sight.labels is not None:
        seen = (mine > 0) | ((given > 0) & sight.labelled(ids)[at])
    human, checker = seen & (machine == 0), seen & (machine > 0)
    return Ratings(
        _means(at[human], rating[human], len(ids)),
        _means(at[checker], rating[checker], len(ids)),
        int(human.sum()),
        int(checker.sum()),
    )


def _means(at: IntArray, values: FloatArray, size: int) -> FloatArray:
    counts = np.bincount(at, minlength=size)
    sums = np.bincount(at, values, minlength=size)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


@dataclass(frozen=True, eq=False, slots=True)
class StepsDown:
    """The path from the problem to ``end``: ids, positions and hashes of texts, root excluded."""

    ids: tuple[int, ...]
    at: IntArray
    hashes: tuple[str, ...]


def steps_down(*, end: Step) -> StepsDown:
    """Return the path to ``end``, which is last; one query, without the texts."""
    rows = list(
        Step.objects.filter(
            problem=end.problem_id, preorder__lte=end.preorder, subtree_end__gt=end.preorder
        )
        .order_by("depth")
        .values_list("pk", "preorder", "text_hash")
    )
    return StepsDown(
        tuple(pk for pk, _, _ in rows),
        np.array([at for _, at, _ in rows], np.int64),
        tuple(bytes(key).hex() for _, _, key in rows),
    )


def trace_in(*, problem: Problem, pk: int) -> Trace | None:
    """Return the trace of ``problem`` with this id, None where it has no such trace."""
    return Trace.objects.filter(problem=problem, pk=pk).select_related("end").first()


def first_traces(*, problem: Problem) -> list[Trace]:
    """Return the first ``MOST_TRACES`` traces in the order of import."""
    rows = Trace.objects.filter(problem=problem).select_related("end")
    return list(rows.order_by("ordinal")[:MOST_TRACES])


def outcomes_named(*, traces: Iterable[Trace], name: str) -> dict[int, float]:
    """Return the known outcomes called ``name`` by trace."""
    rows = Outcome.objects.filter(trace__in=list(traces), name=name, **known())
    return {pk: value for pk, value in rows.values_list("trace_id", "value") if value is not None}


def traces_told(*, traces: Iterable[Trace], name: str) -> dict[int, str]:
    """Return by trace its number, its length and its outcome called ``name``, in words for a list."""
    rows = list(traces)
    outcomes = outcomes_named(traces=rows, name=name)
    told = {}
    for trace in rows:
        steps = "1 step" if trace.end.depth == 1 else f"{trace.end.depth:,} steps"
        known = f" · {name} {outcomes[trace.pk]:g}" if trace.pk in outcomes else ""
        told[trace.pk] = f"Trace {trace.number} · {steps}{known}"
    return told


def texts_of(*, ids: Iterable[int]) -> dict[int, str]:
    """Return the texts of steps by id."""
    return dict(Step.objects.filter(pk__in=list(ids)).values_list("pk", "text"))


def reward_before(*, step_id: int, model: RewardModel, score: float) -> float:
    """Return the running reward before a step, where tokens are stored and end at its ``score``.

    0 where they are not: the first step then adds its whole score.
    """
    row = TokenScore.objects.filter(step=step_id, model=model).first()
    if row is None or not len(row.running):
        return 0.0
    end = float(np.frombuffer(bytes(row.running), "<f4")[-1])
    start = float(row.start)
    return start if abs(end - score) <= 1e-3 and math.isfinite(start) else 0.0


def last_judgement(*, problem: Problem) -> datetime | None:
    """Return when anything was last judged in a problem."""
    events = JudgementEvent.objects.filter(problem=problem).order_by("-created")
    return events.values_list("created", flat=True).first()
