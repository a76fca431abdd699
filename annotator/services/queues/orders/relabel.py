"""Older guidelines: the fewest traces, in file order, that pass every label to be judged again.

Which labels those are stands in the queue's options (``queries.guidelines.versions.Selection``); without
options all labels by people that pin an older version of the guidelines. A step that no trace
passes cannot be served; the report counts them. Propensity 1, and 0 for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.errors import InvalidError
from annotator.queries.guidelines.versions import Selection, labels_affected
from annotator.services.queues.orders.base import Ordered, Pool, limited
from annotator.services.queues.orders.paths import paths_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.services.queues.orders.base import IntArray

NOTHING = "No label by a person was made under older guidelines and fits the choice."


def order(pool: Pool) -> Ordered:
    """Return the traces that hold labels to be judged again.

    Raises:
        InvalidError: there is no such label.
    """
    labels = labels_affected(project=pool.project, selection=Selection.of(pool.options))
    wanted = np.unique(np.fromiter(labels.values_list("step", flat=True), np.int64))
    if not len(wanted):
        raise InvalidError(NOTHING, code="order_lacks")
    ordinary = pool.gold == 0
    hits = {
        row: steps for row, steps in _wanted_on_paths(pool, wanted) if len(steps) and ordinary[row]
    }
    # A path down to a wanted step passes all wanted ones above it, so only the lowest count, and no
    # path passes two of them: one trace for each is the fewest there can be.
    above = {step for steps in hits.values() for step in steps[:-1]}
    fresh = np.zeros(len(pool))
    covered: set[int] = set()
    for row, steps in sorted(hits.items()):
        if steps[-1] not in above and steps[-1] not in covered:
            fresh[row] = len(set(steps) - covered)
            covered.update(steps)
    chosen = (fresh > 0) | ~ordinary
    return Ordered(
        picks=limited(pool, np.flatnonzero(chosen)),
        propensity=chosen.astype(np.float64),
        why={"labels_again": np.where(fresh > 0, fresh, np.nan)},
        report={"steps": len(wanted), "not_on_a_trace": len(wanted) - len(covered)},
    )


def _wanted_on_paths(pool: Pool, wanted: IntArray) -> Iterator[tuple[int, list[int]]]:
    """Yield each candidate's place with the wanted steps on its path, first step first."""
    for paths in paths_of(pool):
        hit = np.isin(paths.step_ids, wanted)
        for row, places in zip(paths.rows.tolist(), paths.steps, strict=True):
            on_path = places[places >= 0]
            yield row, paths.step_ids[on_path[hit[on_path]]].tolist()
