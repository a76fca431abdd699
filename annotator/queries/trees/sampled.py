"""Many trees of a project at once: a fixed number of statements, however many problems.

Which problems stand for a large project follows from the hash of their texts, so it is always the same
ones, and nobody chose them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.models import Problem
from annotator.queries.agreement.asides import COUNTS, EXAMINED
from annotator.queries.packed import packed_columns

if TYPE_CHECKING:
    import numpy.typing as npt

    from annotator.models import Project, RewardModel
    from scoring.tree import FloatArray, IntArray

# What can be read and computed while a page waits.
MOST_PROBLEMS, MOST_STEPS = 400, 12_000
STEPS = """
SELECT s.problem_id, s.id, s.depth, s.value FROM annotator_step s
WHERE s.problem_id = ANY(%(ids)s) ORDER BY s.problem_id, s.preorder
"""
TRACES = """
SELECT t.problem_id, t.end_id, o.value FROM annotator_trace t
LEFT JOIN annotator_outcome o ON o.trace_id = t.id AND o.name = %(name)s
WHERE t.problem_id = ANY(%(ids)s) ORDER BY t.problem_id, t.ordinal
"""
SCORES = """
SELECT x.step_id, x.score FROM annotator_stepscore x JOIN annotator_step s ON s.id = x.step_id
WHERE x.model_id = %(model)s AND s.problem_id = ANY(%(ids)s)
"""
RATINGS = f"""
WITH aside AS MATERIALIZED ({EXAMINED})
SELECT l.step_id, avg(l.rating)::float8 AS rating
FROM annotator_steplabel l
JOIN annotator_step s ON s.id = l.step_id AND s.problem_id = ANY(%(ids)s)
JOIN annotator_rater r ON r.id = l.rater_id AND r.project_id = %(project)s
WHERE l.rating IS NOT NULL AND r.kind = ANY(%(kinds)s) AND {COUNTS}
GROUP BY l.step_id
"""  # noqa: S608 - own text


@dataclass(frozen=True, slots=True)
class Sample:
    """Which problems are read, of how many; steps of each."""

    ids: tuple[int, ...]
    steps: int
    all_problems: int

    @property
    def whole(self) -> bool:
        """Whether these are all."""
        return len(self.ids) == self.all_problems


def sample_of(*, project: Project) -> Sample:
    """Return the problems that an overview reads: all of a small project, else a fixed part."""
    rows = Problem.objects.filter(project=project, n_steps__gt=0)
    ids: list[int] = []
    steps = 0
    for pk, size in rows.order_by("key").values_list("pk", "n_steps")[:MOST_PROBLEMS]:
        if steps + size > MOST_STEPS and ids:
            continue
        ids.append(pk)
        steps += size
    return Sample(tuple(sorted(ids)), steps, rows.count())


@dataclass(frozen=True, eq=False, slots=True)
class SampledTree:
    """One problem's columns: ``ids``, ``depth``, ``value`` ``(N,)`` in pre-order with the problem first.

    ``ends``, ``outcomes``: ``(T,)`` end positions and outcomes of its traces, NaN = unknown.
    """

    problem: int
    ids: IntArray
    depth: IntArray
    value: FloatArray
    ends: IntArray
    outcomes: FloatArray


def sampled_trees(*, ids: tuple[int, ...], outcome: str) -> list[SampledTree]:
    """Return the trees of the problems ``ids`` in the order of their ids; two statements."""
    wanted: dict[str, Any] = {"ids": list(ids), "name": outcome}
    owner, steps, depth, value = packed_columns(
        STEPS, wanted, problem_id="int", id="int", depth="int", value="float"
    )
    of, ends, outcomes = packed_columns(
        TRACES, wanted, problem_id="int", end_id="int", value="float"
    )
    trees = []
    for pk in np.unique(owner).tolist():
        a, b = np.searchsorted(owner, [pk, pk + 1])
        c, d = np.searchsorted(of, [pk, pk + 1])
        own = np.concatenate([[0], steps[a:b]])
        trees.append(
            SampledTree(
                pk,
                own,
                np.concatenate([[0], depth[a:b]]),
                np.concatenate([[np.nan], value[a:b]]),
                looked_up(own, ends[c:d]),
                outcomes[c:d],
            )
        )
    return trees


def sampled_scores(*, ids: tuple[int, ...], model: RewardModel) -> tuple[IntArray, FloatArray]:
    """Return the steps of the problems ``ids`` that a model scored, by id, and the scores."""
    steps, scores = packed_columns(
        SCORES, {"ids": list(ids), "model": model.pk}, step_id="int", score="float"
    )
    return _sorted(steps, scores)


def sampled_ratings(
    *, project: Project, ids: tuple[int, ...], kinds: tuple[str, ...]
) -> tuple[IntArray, FloatArray]:
    """Return the rated steps of the problems ``ids``, by id, and their mean ratings, without exams."""
    wanted = {"ids": list(ids), "project": project.pk, "kinds": list(kinds)}
    return _sorted(*packed_columns(RATINGS, wanted, step_id="int", rating="float"))


def column_of(found: tuple[IntArray, FloatArray], ids: IntArray) -> FloatArray:
    """Return ``(N,)`` numbers of the steps ``ids`` out of a sorted pair, NaN = none."""
    steps, values = found
    column = np.full(len(ids), np.nan)
    if len(steps):
        place = np.minimum(np.searchsorted(steps, ids), len(steps) - 1)
        there = steps[place] == ids
        column[there] = values[place[there]]
    return column


def looked_up(ids: IntArray, wanted: IntArray) -> IntArray:
    """Return the positions of ``wanted`` in ``ids``; all must be there."""
    order = np.argsort(ids, kind="stable")
    return np.asarray(order[np.searchsorted(ids, wanted, sorter=order)], np.int64)


def _sorted(steps: npt.NDArray[Any], values: npt.NDArray[Any]) -> tuple[IntArray, FloatArray]:
    order = np.argsort(steps)
    return steps[order], values[order]
