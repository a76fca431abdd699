"""Reannotation: labelled traces first where people and the model are furthest apart.

For a step that people rated h (mean of −1, 0, +1) and the model scored p, the distance of ratings is
|h − (2p − 1)| / 2. Where a person and a model or checker both named a type of error, the distance of
types is the number of edges between them in the project's taxonomy over the largest there is. A step
counts with the larger of the two, both in [0, 1], a trace with its furthest step. Traces that nobody
rated are not in the queue. The budget is the queue's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.errors import InvalidError
from annotator.models import ErrorType
from annotator.queries.packed import packed_columns
from annotator.services.queues.orders.base import Ordered, Pool, by_value
from annotator.services.queues.orders.paths import PEOPLE, Paths, measured

if TYPE_CHECKING:
    from annotator.models import Project
    from annotator.services.queues.orders.base import FloatArray

NAMES = ("distance", "rating_distance", "type_distance")
TYPES = f"""
SELECT DISTINCT l.step_id, l.error_type_id AS human, k.error_type_id AS model
FROM annotator_steplabel l
JOIN annotator_step s ON s.id = l.step_id
JOIN annotator_rater r ON r.id = l.rater_id AND r.kind IN {PEOPLE}
JOIN annotator_steplabel k ON k.step_id = l.step_id AND k.error_type_id IS NOT NULL
JOIN annotator_rater m ON m.id = k.rater_id AND m.kind IN ('model', 'machine')
WHERE s.problem_id = ANY(%(ids)s) AND l.error_type_id IS NOT NULL
"""  # noqa: S608 - own text
NOTHING = "No trace here has both a label by a person and a score of this model."


def order(pool: Pool) -> Ordered:
    """Return labelled traces, the one with the furthest step first."""
    model, taxonomy = pool.scoring_model, Taxonomy(pool.project)

    def measure(paths: Paths) -> dict[str, FloatArray]:
        mean, _, _ = paths.ratings()
        rating = np.abs(mean - (2 * paths.scores(model.pk) - 1)) / 2
        types = paths.along(taxonomy.distances(paths))
        both = np.fmax(rating, types)
        return dict(zip(NAMES, map(_largest, (both, rating, types)), strict=True))

    columns = measured(pool, measure, NAMES)
    known = np.isfinite(columns["distance"])
    if not known.any():
        raise InvalidError(NOTHING, code="order_lacks")
    why = {name: values[known] for name, values in columns.items()}
    found = by_value(pool.only(known), why["distance"], why=why, model_version=pool.model_version)
    return found.within(pool, known)


class Taxonomy:
    """Distances between the types of error of a project, by edges of their tree."""

    def __init__(self, project: Project) -> None:
        rows = ErrorType.objects.filter(project=project).order_by("pk").values_list("pk", "parent")
        self._parent = dict(rows)
        self._ids = np.array(sorted(self._parent), dtype=np.int64)
        edges = np.array(
            [[self._edges(a, b) for b in self._ids.tolist()] for a in self._ids.tolist()],
            dtype=np.float64,
        )
        self._share = edges / edges.max() if edges.size and edges.max() else edges

    def distances(self, paths: Paths) -> FloatArray:
        """Return the largest distance of types by step, ``(S,)``, NaN where not both named one."""
        whole = {"step_id": "int", "human": "int", "model": "int"}
        steps, human, model = packed_columns(TYPES, {"ids": paths.problems}, **whole)
        found = np.full(len(paths.step_ids), -1.0)
        if len(steps):
            apart = self._share[
                np.searchsorted(self._ids, human), np.searchsorted(self._ids, model)
            ]
            np.maximum.at(found, np.searchsorted(paths.step_ids, steps), apart)
        return np.where(found >= 0, found, np.nan)

    def _edges(self, a: int, b: int) -> int:
        """Count the edges between two types; roots hang together on one node above them."""
        up, other = self._line(a), self._line(b)
        shared = len(set(up) & set(other))
        return len(up) + len(other) - 2 * shared

    def _line(self, node: int | None) -> list[int]:
        line: list[int] = []
        while node is not None and node not in line:
            line.append(node)
            node = self._parent.get(node)
        return line


def _largest(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    top = np.where(known, values, -np.inf).max(axis=1)
    return np.where(known.any(axis=1), top, np.nan)
