"""The places to rank of a pool, with what orders read of what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.models import Queue
from annotator.queries.packed import packed_columns

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import FloatArray, IntArray, Pool

FORK_SIZES = """
SELECT s.problem_id AS problem, coalesce(s.parent_id, 0) AS parent, count(*) AS items
FROM annotator_step s JOIN annotator_problem p ON p.id = s.problem_id
WHERE p.project_id = %(project)s GROUP BY 1, 2
"""
TRACE_SIZES = """
SELECT p.id AS problem, 0 AS parent, p.n_traces AS items
FROM annotator_problem p WHERE p.project_id = %(project)s
"""
FORK_SCORES = """
SELECT s.problem_id AS problem, coalesce(s.parent_id, 0) AS parent, c.score
FROM annotator_step s
JOIN annotator_problem p ON p.id = s.problem_id
JOIN annotator_stepscore c ON c.step_id = s.id AND c.model_id = %(model)s
WHERE p.project_id = %(project)s
"""
TRACE_SCORES = """
SELECT t.problem_id AS problem, 0 AS parent, min(c.score) AS score
FROM annotator_trace t
JOIN annotator_problem p ON p.id = t.problem_id
JOIN annotator_step e ON e.id = t.end_id
JOIN annotator_step s ON s.problem_id = t.problem_id
    AND s.preorder <= e.preorder AND s.subtree_end > e.preorder
JOIN annotator_stepscore c ON c.step_id = s.id AND c.model_id = %(model)s
WHERE p.project_id = %(project)s AND p.id = ANY(%(problems)s)
GROUP BY t.id
"""
PEOPLE = """
SELECT r.problem_id AS problem, coalesce(r.parent_id, 0) AS parent,
       count(DISTINCT r.rater_id) AS people
FROM annotator_ranking r
JOIN annotator_problem p ON p.id = r.problem_id
JOIN annotator_rater o ON o.id = r.rater_id AND o.kind = 'person'
WHERE p.project_id = %(project)s AND r.level = %(level)s
GROUP BY 1, 2
"""


def place_sizes(pool: Pool) -> FloatArray:
    """Return how many things stand at each place, ``(N,)``."""
    statement = TRACE_SIZES if pool.task == Queue.Task.RANK_TRACE else FORK_SIZES
    return _at_places(pool, statement, "items", project=pool.project.pk)


def place_people(pool: Pool, level: str) -> FloatArray:
    """Return how many people ranked each place on ``level``, by any criterion, ``(N,)``."""
    people = _at_places(pool, PEOPLE, "people", project=pool.project.pk, level=level)
    return np.nan_to_num(people, nan=0.0)


def place_best_two(pool: Pool, model_id: int) -> tuple[FloatArray, FloatArray]:
    """Return the largest and the second largest score at each place, ``(N,)`` each.

    The score of a step or branch is that of its step; a trace's is the smallest of its steps'. NaN
    where fewer than two things have one.
    """
    parameters: dict[str, Any] = {"project": pool.project.pk, "model": model_id}
    statement = FORK_SCORES
    if pool.task == Queue.Task.RANK_TRACE:
        statement = TRACE_SCORES
        parameters["problems"] = pool.problem.tolist()
    places, score = _rows(statement, "score", parameters)
    order = np.lexsort((-score, places))
    places, score = places[order], score[order]
    known, first, n = np.unique(places, return_index=True, return_counts=True)
    two = n >= 2
    best, second = score[first[two]], score[first[two] + 1]
    return _laid(pool, known[two], best), _laid(pool, known[two], second)


def _at_places(pool: Pool, statement: str, name: str, **parameters: Any) -> FloatArray:
    """Return a number of each place, ``(N,)``, NaN where the statement has no row for it."""
    places, values = _rows(statement, name, parameters)
    order = np.argsort(places)
    return _laid(pool, places[order], values[order])


def _rows(statement: str, name: str, parameters: dict[str, Any]) -> tuple[IntArray, FloatArray]:
    kinds = {"problem": "int", "parent": "int", name: "float"}
    problem, parent, values = packed_columns(statement, parameters, **kinds)
    return _keys(problem, parent), values


def _keys(problem: IntArray, parent: IntArray) -> IntArray:
    """Name each place by one number: the parent, or minus the problem for what is at its root."""
    return np.where(parent > 0, parent, -problem)


def _laid(pool: Pool, known: IntArray, values: FloatArray) -> FloatArray:
    """Lay the values of ``known`` places, ascending, beside the pool's; NaN where there is none."""
    wanted = _keys(pool.problem, pool.parent)
    laid = np.full(len(pool), np.nan)
    if len(known):
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        here = known[at] == wanted
        laid[here] = values[at[here]]
    return laid
