"""Problems of a snapshot together with what models said of their steps."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from django.db import connection

from annotator.models import SnapshotProblem
from annotator.models.finite import known_sql
from annotator.queries.datasets.snapshots import snapshot_problems

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy.typing as npt

    from annotator.exporters.records import ExportProblem
    from annotator.models import RewardModel, Snapshot

    Floats = npt.NDArray[np.float64]

CHUNK = 200
# In pre-order, in which the problem's nodes are; steps that came later have larger ids.
SCORES = f"""
SELECT s.problem_id, array_agg({known_sql("c.score")} ORDER BY s.preorder)
FROM annotator_step s
JOIN annotator_snapshotproblem p ON p.problem_id = s.problem_id AND p.snapshot_id = %s
LEFT JOIN annotator_stepscore c ON c.step_id = s.id AND c.model_id = %s
WHERE s.problem_id = ANY(%s) AND s.id <= p.max_step
GROUP BY s.problem_id
"""  # noqa: S608 - own text


def scored_problems(
    *, snapshot: Snapshot, models: Sequence[RewardModel], without: Collection[int] = ()
) -> Iterator[tuple[ExportProblem, list[Floats]]]:
    """Yield the problems of ``snapshot`` with ``(N,)`` scores of their nodes by each of ``models``.

    Args:
        snapshot: a finished one.
        models: whose scores; NaN where one has none.
        without: ids of problems to leave out.
    """
    rows = SnapshotProblem.objects.filter(snapshot=snapshot).order_by("problem_id")
    ids = rows.values_list("problem_id", flat=True)
    everything = zip(ids, snapshot_problems(snapshot=snapshot), strict=True)
    wanted = ((pk, problem) for pk, problem in everything if pk not in without)
    while chunk := list(islice(wanted, CHUNK)):
        keys = [pk for pk, _ in chunk]
        found = [_scores(snapshot, model, keys) for model in models]
        for pk, problem in chunk:
            yield problem, [scores.get(pk, np.zeros(0)) for scores in found]


def trained_on(*, models: Sequence[RewardModel]) -> set[int]:
    """Return the ids of the problems that any of ``models`` was trained on, as far as is known."""
    snapshots = [model.snapshot_id for model in models if model.snapshot_id]
    rows = SnapshotProblem.objects.filter(snapshot__in=snapshots, split="train")
    return set(rows.values_list("problem_id", flat=True))


def _scores(snapshot: Snapshot, model: RewardModel, ids: list[int]) -> dict[int, Floats]:
    with connection.cursor() as cursor:
        cursor.execute(SCORES, [snapshot.pk, model.pk, ids])
        return {pk: np.array(scores, np.float64) for pk, scores in cursor}
