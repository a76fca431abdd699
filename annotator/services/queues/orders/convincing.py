"""Convincing wrong: traces whose answer is wrong although the model likes every step.

Only traces whose primary outcome is known and not solved take part; the others have propensity 0.
The value is the model's smallest step score: large means that no step looked wrong. PRM800K took the
product of the step scores (Lightman et al. 2023, "Let's Verify Step by Step"), which falls with every
step and so favours short traces more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.errors import InvalidError
from annotator.queries.packed import packed_columns
from annotator.services.queues.orders.base import Ordered, Pool, by_value
from annotator.services.queues.orders.paths import NO_SCORES, Paths, known_or_refuse, measured
from scoring.types import SOLVED_ABOVE

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import BoolArray, FloatArray

OUTCOMES = """
SELECT o.trace_id, o.value FROM annotator_outcome o
JOIN annotator_trace t ON t.id = o.trace_id
JOIN annotator_problem p ON p.id = t.problem_id
WHERE p.project_id = %(project)s AND o.name = %(name)s ORDER BY o.trace_id
"""
NO_WRONG = "No trace here is known to be wrong by the outcome '{name}'."


def order(pool: Pool) -> Ordered:
    """Return wrong traces, the one with the largest smallest score first."""
    model = pool.scoring_model
    wrong = wrong_traces(pool)
    if not wrong.any():
        reason = NO_WRONG.format(name=pool.project.primary_outcome)
        raise InvalidError(reason, code="order_lacks")
    chosen = pool.only(wrong)

    def measure(paths: Paths) -> dict[str, FloatArray]:
        scores = paths.scores(model.pk)
        lowest = np.where(np.isfinite(scores), scores, np.inf).min(axis=1)
        return {"smallest_score": np.where(np.isfinite(lowest), lowest, np.nan)}

    columns = measured(chosen, measure, ("smallest_score",))
    value = known_or_refuse(columns["smallest_score"], NO_SCORES)
    found = by_value(chosen, value, why=columns, model_version=pool.model_version)
    return found.within(pool, wrong)


def wrong_traces(pool: Pool) -> BoolArray:
    """Say of each candidate whether its primary outcome is known and not solved."""
    parameters = {"project": pool.project.pk, "name": pool.project.primary_outcome}
    ids, values = packed_columns(OUTCOMES, parameters, trace_id="int", value="float")
    if not len(ids):
        return np.zeros(len(pool), dtype=bool)
    at = np.minimum(np.searchsorted(ids, pool.trace), len(ids) - 1)
    value = np.where(ids[at] == pool.trace, values[at], np.nan)
    return np.asarray(np.isfinite(value) & (value <= SOLVED_ABOVE))
