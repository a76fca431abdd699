"""Reads of snapshots: by name, and problem by problem as plain records in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotator.models import Snapshot, SnapshotProblem
from annotator.queries.datasets.reader import SnapshotReader
from scoring.errors import UnknownNameError
from scoring.training.targets import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from annotator.exporters.records import ExportProblem
    from annotator.models import Project

CHUNK_STEPS = 10_000
CHUNK_PROBLEMS = 500


def snapshots_of(*, project: Project) -> QuerySet[Snapshot]:
    """Return the snapshots of ``project``, newest first."""
    return Snapshot.objects.filter(project=project).select_related("created_by").order_by("-pk")


def snapshot_named(*, project: Project, name: str) -> Snapshot:
    """Return the snapshot called ``name``.

    Raises:
        UnknownNameError: naming the project's snapshots.
    """
    found = Snapshot.objects.filter(project=project, name=name).first()
    if found is None:
        known = snapshots_of(project=project).values_list("name", flat=True)
        raise UnknownNameError("snapshot", name, known or ["none yet"])
    return found


def snapshot_problems(
    *, snapshot: Snapshot, split: str | None = None, with_sources: bool = True
) -> Iterator[ExportProblem]:
    """Yield the problems of ``snapshot`` as they were, in the order of their import.

    A few queries per chunk of problems; a snapshot never changes, so no long transaction is needed
    and memory is that of one chunk.

    Args:
        snapshot: a finished one.
        split: only problems of this split.
        with_sources: also say which part came from which imported record.
    """
    reader = SnapshotReader(snapshot, rules_of(snapshot=snapshot), with_sources=with_sources)
    rows = SnapshotProblem.objects.filter(snapshot=snapshot).select_related("problem")
    if split is not None:
        rows = rows.filter(split=split)
    chunk: list[SnapshotProblem] = []
    n_steps = 0
    for row in rows.order_by("problem_id").iterator(chunk_size=CHUNK_PROBLEMS):
        chunk.append(row)
        n_steps += row.problem.n_steps
        if n_steps >= CHUNK_STEPS or len(chunk) >= CHUNK_PROBLEMS:
            yield from reader.read(chunk)
            chunk, n_steps = [], 0
    if chunk:
        yield from reader.read(chunk)


def rules_of(*, snapshot: Snapshot) -> Rules:
    """Return how the judgements of ``snapshot`` become targets."""
    rules = snapshot.rules
    return Rules(
        aggregate=rules["aggregate"],
        neutral=rules["neutral"],
        rater_kinds=tuple(rules["rater_kinds"]),
        rank=tuple(rules.get("rank", ())),  # older snapshots knew none and stay as they were
    )
