"""The problems that a batch adds to: found and locked, or made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annotator.models import Problem
from annotator.services.imports.copying import copy_rows, reserve_ids
from annotator.services.imports.merge import ProblemTree, StoredStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.models import Project
    from annotator.services.imports.prepare import Prepared

_COLUMNS = (
    "id",
    "project_id",
    "key",
    "prompt",
    "reference",
    "meta",
    "n_steps",
    "n_traces",
    "max_depth",
)


@dataclass(slots=True)
class OpenProblem:
    """A problem while a batch is written.

    Attributes:
        first: the batch's first record of it; says the prompt if the problem is new.
        stored: it was in the project before this batch.
        n_traces: the ordinal of the next trace.
    """

    id: int
    first: Prepared
    stored: bool
    n_traces: int = 0
    max_depth: int = 0
    tree: ProblemTree = field(default_factory=ProblemTree)


def open_problems(
    cursor: CursorWrapper, project: Project, batch: Sequence[Prepared]
) -> dict[bytes, OpenProblem]:
    """Return the problems of ``batch`` by key, stored ones with their trees, rows locked."""
    first: dict[bytes, Prepared] = {}
    for prepared in batch:
        first.setdefault(prepared.problem_key, prepared)
    # NO KEY UPDATE: foreign keys that point at the problem (a label's event) need not wait.
    cursor.execute(
        """
        SELECT key, id, n_traces, max_depth FROM annotator_problem
        WHERE project_id = %s AND key = ANY(%s) ORDER BY id FOR NO KEY UPDATE
        """,
        [project.pk, list(first)],
    )
    problems = {
        (key := bytes(row[0])): OpenProblem(row[1], first[key], True, row[2], row[3])
        for row in cursor.fetchall()
    }
    if problems:
        _load_trees(cursor, problems, batch)
    missing = [key for key in first if key not in problems]
    for key, problem_id in zip(missing, reserve_ids(cursor, Problem, len(missing)), strict=True):
        problems[key] = OpenProblem(problem_id, first[key], False)
    return problems


def _load_trees(
    cursor: CursorWrapper, problems: dict[bytes, OpenProblem], batch: Sequence[Prepared]
) -> None:
    """Read the stored steps; their texts only where a flat record may merge with them."""
    merging = {
        problems[prepared.problem_key].id
        for prepared in batch
        if prepared.record.merge and prepared.problem_key in problems
    }
    cursor.execute(
        """
        SELECT problem_id, id, parent_id, preorder, subtree_end, depth, kind, agent, level,
               CASE WHEN source_id IS NULL AND problem_id = ANY(%s) THEN text END
        FROM annotator_step WHERE problem_id = ANY(%s) ORDER BY problem_id, preorder
        """,
        [list(merging), [problem.id for problem in problems.values()]],
    )
    steps: dict[int, list[StoredStep]] = {problem.id: [] for problem in problems.values()}
    for problem_id, *step in cursor.fetchall():
        steps[problem_id].append(StoredStep(*step))
    for problem in problems.values():
        problem.tree = ProblemTree.from_stored(steps[problem.id])


def save_counters(cursor: CursorWrapper, project: Project, problems: Iterable[OpenProblem]) -> None:
    """Write the new problems and the counters of those that grew."""
    rows, grown = [], []
    for problem in problems:
        tree = problem.tree
        depth = max(problem.max_depth, max(tree.depth, default=0))
        if problem.stored:
            grown.append((problem.id, len(tree), problem.n_traces, depth))
            continue
        first = problem.first
        record = first.record.problem
        rows.append(
            (
                problem.id,
                project.pk,
                first.problem_key,
                record.prompt,
                record.reference,
                first.problem_meta,
                len(tree),
                problem.n_traces,
                depth,
            )
        )
    copy_rows(cursor, Problem, _COLUMNS, rows)
    if grown:
        cursor.execute(
            """
            UPDATE annotator_problem AS problem
            SET n_steps = new.n_steps, n_traces = new.n_traces, max_depth = new.max_depth
            FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[])
                 AS new (id, n_steps, n_traces, max_depth)
            WHERE problem.id = new.id
            """,
            [list(column) for column in zip(*grown, strict=True)],
        )
