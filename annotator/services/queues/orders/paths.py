"""The paths of a pool's traces as arrays, some problems at a time, with what orders read of steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from annotator.errors import InvalidError
from annotator.queries.packed import packed_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from annotator.services.queues.orders.base import FloatArray, IntArray, Pool

# Cells (traces × depth) and steps in memory at a time.
CELLS = 2_000_000
STEPS = 500_000
SIZES = """
SELECT id, max_depth, n_steps FROM annotator_problem WHERE id = ANY(%(ids)s) ORDER BY id
"""
STEP_COLUMNS = """
SELECT id, coalesce(parent_id, 0) AS parent, depth FROM annotator_step
WHERE problem_id = ANY(%(ids)s) ORDER BY id
"""
ENDS = "SELECT id, end_id FROM annotator_trace WHERE problem_id = ANY(%(ids)s) ORDER BY id"
SCORES = """
SELECT c.step_id, CASE WHEN %(part)s = 0 THEN c.score ELSE c.parts[%(part)s] END AS score
FROM annotator_stepscore c
JOIN annotator_step s ON s.id = c.step_id
WHERE s.problem_id = ANY(%(ids)s) AND c.model_id = %(model)s
"""
NO_SCORES = "This model has scored no step here. Score the project first."
PEOPLE = "('person', 'imported')"
RATINGS = f"""
SELECT l.step_id, avg(l.rating) AS mean, var_pop(l.rating) AS spread, count(*) AS n
FROM annotator_steplabel l
JOIN annotator_step s ON s.id = l.step_id
JOIN annotator_rater r ON r.id = l.rater_id AND r.kind IN {PEOPLE}
WHERE s.problem_id = ANY(%(ids)s) AND l.rating IS NOT NULL
GROUP BY l.step_id
"""  # noqa: S608 - own text


@dataclass(frozen=True, eq=False)
class Paths:
    """The paths of some traces.

    Attributes:
        rows: ``(T,)`` places of the traces in the pool.
        problems: ids of the problems they belong to.
        step_ids: ``(S,)`` ascending ids of all steps of these problems.
        steps: ``(T, D)`` places in ``step_ids``, first step first, -1 behind the end.
    """

    rows: IntArray
    problems: list[int]
    step_ids: IntArray
    steps: IntArray

    def along(self, by_step: FloatArray) -> FloatArray:
        """Lay a column of the steps along the paths: ``(S,)`` → ``(T, D)``, NaN behind the end."""
        padded = np.append(by_step, np.nan)
        laid: FloatArray = padded[self.steps]
        return laid

    def column(self, statement: str, *names: str, **parameters: Any) -> list[FloatArray]:
        """Return numbers of steps, ``(S,)`` each, NaN where the statement has no row.

        The statement's first column is ``step_id``.
        """
        kinds = {"step_id": "int", **dict.fromkeys(names, "float")}
        found, *values = packed_columns(statement, {"ids": self.problems, **parameters}, **kinds)
        at = np.searchsorted(self.step_ids, found)
        columns = []
        for column in values:
            full = np.full(len(self.step_ids), np.nan)
            full[at] = column
            columns.append(full)
        return columns

    def scores(self, model_id: int, part: int = 0) -> FloatArray:
        """Return a model's scores along the paths, ``(T, D)``; or the ``part``-th number beside them."""
        return self.along(self.column(SCORES, "score", model=model_id, part=part)[0])

    def ratings(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mean, variance and number of people's ratings along the paths, ``(T, D)`` each."""
        mean, spread, n = self.column(RATINGS, "mean", "spread", "n")
        return self.along(mean), self.along(spread), self.along(n)


def paths_of(pool: Pool) -> Iterator[Paths]:
    """Yield the paths of the pool's traces in the order of its rows."""
    for problems, rows in _chunks(pool):
        parameters = {"ids": problems}
        whole = {"id": "int", "parent": "int", "depth": "int"}
        step_ids, parent_ids, depth = packed_columns(STEP_COLUMNS, parameters, **whole)
        trace_ids, end_ids = packed_columns(ENDS, parameters, id="int", end_id="int")
        ends = end_ids[np.searchsorted(trace_ids, pool.trace[rows])]
        at = np.searchsorted(step_ids, ends)
        parent = np.where(parent_ids > 0, np.searchsorted(step_ids, parent_ids), -1)
        steps = np.full((len(rows), int(depth[at].max())), -1, dtype=np.int64)
        here, line = at, np.arange(len(rows))
        while len(here):
            steps[line, depth[here] - 1] = here
            here = parent[here]
            line, here = line[here >= 0], here[here >= 0]
        yield Paths(rows=rows, problems=problems, step_ids=step_ids, steps=steps)


def measured(
    pool: Pool, measure: Callable[[Paths], dict[str, FloatArray]], names: tuple[str, ...]
) -> dict[str, FloatArray]:
    """Return ``measure`` of every path, ``(N,)`` by name."""
    columns = {name: np.full(len(pool), np.nan) for name in names}
    for paths in paths_of(pool):
        for name, values in measure(paths).items():
            columns[name][paths.rows] = values
    return columns


def known_or_refuse(value: FloatArray, reason: str) -> FloatArray:
    """Return ``value`` if it says something of some candidate.

    Raises:
        InvalidError: with ``reason``, if all are NaN.
    """
    if not np.isfinite(value).any():
        raise InvalidError(reason, code="order_lacks")
    return value


def _chunks(pool: Pool) -> Iterator[tuple[list[int], IntArray]]:
    """Cut the pool into runs of rows of whole problems; a problem that is too large is cut, too."""
    ids, starts = np.unique(pool.problem, return_index=True)
    order = np.argsort(starts)
    ids, bounds = ids[order], np.append(starts[order], len(pool))
    whole = {"id": "int", "max_depth": "int", "n_steps": "int"}
    known, depth, n_steps = packed_columns(SIZES, {"ids": ids.tolist()}, **whole)
    at = np.searchsorted(known, ids)
    depth, n_steps = np.maximum(depth[at], 1), n_steps[at]
    problems: list[int] = []
    first, cells, steps = 0, 0, 0
    for place, problem in enumerate(ids.tolist()):
        begin, end = int(bounds[place]), int(bounds[place + 1])
        size = (end - begin) * int(depth[place])
        full = cells + size > CELLS or steps + int(n_steps[place]) > STEPS
        if problems and full:
            yield problems, np.arange(first, begin)
            problems, first, cells, steps = [], begin, 0, 0
        if size > CELLS:
            part = max(1, CELLS // int(depth[place]))
            for cut in range(begin, end, part):
                yield [problem], np.arange(cut, min(cut + part, end))
            first = end
            continue
        problems.append(problem)
        cells, steps = cells + size, steps + int(n_steps[place])
    if problems:
        yield problems, np.arange(first, len(pool))
