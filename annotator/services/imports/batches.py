"""Writes a batch of prepared records in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from annotator.models import Outcome, SourceRecord, Step, Trace
from annotator.services.imports.copying import copy_rows, lock_imports, reserve_ids
from annotator.services.imports.judgement_rows import write_judgements
from annotator.services.imports.known import split_known
from annotator.services.imports.merged_fields import count_lost_fields, lost_fields
from annotator.services.imports.placed import Destination, Placed
from annotator.services.imports.problems import OpenProblem, open_problems, save_counters
from annotator.services.imports.report import Counts
from annotator.services.imports.sources import SOURCE_COLUMNS, source_row
from annotator.services.imports.texts import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.prepare import Prepared

_STEP_COLUMNS = (
    "id",
    "problem_id",
    "parent_id",
    "caller_id",
    "source_id",
    "preorder",
    "subtree_end",
    "depth",
    "kind",
    "agent",
    "level",
    "text",
    "text_hash",
    "state_before",
    "state_after",
    "value",
    "visits",
    "n_tokens",
    "meta",
)
_TRACE_COLUMNS = (
    "id",
    "problem_id",
    "end_id",
    "source_id",
    "ordinal",
    "key",
    "model",
    "sampling",
    "meta",
)
_OUTCOME_COLUMNS = ("trace_id", "name", "value", "source")


@dataclass(slots=True)
class TreesWritten:
    """What a batch of trees did.

    Attributes:
        counts: what was added.
        refused: records whose key is taken by another content, with the reason.
        warnings: what was kept differently from how it stood in the file.
    """

    counts: Counts
    refused: list[tuple[Prepared, str]]
    warnings: list[str] = field(default_factory=list)


@transaction.atomic
def write_trees(destination: Destination, batch: Sequence[Prepared]) -> TreesWritten:
    """Store the records of ``batch`` that are not in the project yet."""
    with connection.cursor() as cursor:
        lock_imports(cursor, destination.project.pk)
        fresh, refused = split_known(cursor, destination, batch)
        n_taken = len(batch) - len(refused)
        counts = Counts(accepted=n_taken, unchanged=n_taken - len(fresh))
        written = TreesWritten(counts, refused)
        if not fresh:
            return written
        problems = open_problems(cursor, destination.project, fresh)
        placed = _place(cursor, problems, fresh)
        counts.problems = sum(not problem.stored for problem in problems.values())
        copy_rows(cursor, SourceRecord, SOURCE_COLUMNS, _source_rows(destination, placed))
        counts.steps = _write_steps(cursor, list(problems.values()), placed)
        counts.traces = _write_traces(cursor, placed)
        counts.labels, counts.scores, counts.rankings, written.warnings = write_judgements(
            cursor, destination, placed
        )
        if lost := count_lost_fields(cursor, placed):
            written.warnings.append(lost_fields(lost))
        save_counters(cursor, destination.project, problems.values())
    return written


def _place(
    cursor: CursorWrapper, problems: dict[bytes, OpenProblem], fresh: Sequence[Prepared]
) -> list[Placed]:
    """Put every record into its problem's tree, in file order."""
    placed = []
    source_ids = reserve_ids(cursor, SourceRecord, len(fresh))
    for owner, (prepared, source_id) in enumerate(zip(fresh, source_ids, strict=True)):
        problem = problems[prepared.problem_key]
        tree = problem.tree
        if prepared.record.merge:
            steps = tree.add_merged(prepared.nodes, owner, prepared.apart)
        else:
            steps = tree.add_given(prepared.nodes, owner)
        placed.append(Placed(prepared, problem, source_id, steps))
    return placed


def _source_rows(destination: Destination, placed: Sequence[Placed]) -> Iterator[Sequence[Any]]:
    for item in placed:
        new = item.prepared
        yield source_row(
            destination,
            item.source_id,
            item.problem.id,
            new.record,
            new.key_hash,
            new.meta,
            new.content,
        )


def _write_steps(
    cursor: CursorWrapper, problems: Sequence[OpenProblem], placed: Sequence[Placed]
) -> int:
    """Number and write the new steps; renumber the stored ones behind them. Return how many."""
    n_new = sum(len(problem.tree.nodes) for problem in problems)
    ids = iter(reserve_ids(cursor, Step, n_new))
    moved: list[tuple[int, int, int]] = []
    numbering = []
    for problem in problems:
        tree = problem.tree
        tree.ids.extend(next(ids) for _ in tree.nodes)
        preorder, end = tree.numbered()
        numbering.append((problem, preorder, end))
        if problem.stored:
            moved.extend(tree.moved(preorder, end))
    if moved:
        _renumber(cursor, moved)

    def rows() -> Iterator[Sequence[Any]]:
        for problem, preorder, end in numbering:
            yield from _step_rows(problem, preorder, end, placed)

    copy_rows(cursor, Step, _STEP_COLUMNS, rows())
    return n_new


def _renumber(cursor: CursorWrapper, moved: Sequence[tuple[int, int, int]]) -> None:
    """Give stored steps their new ranges; the unique pre-order is checked at commit."""
    ids, preorder, end = zip(*moved, strict=True)
    cursor.execute(
        """
        UPDATE annotator_step AS step SET preorder = new.preorder, subtree_end = new.subtree_end
        FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS new (id, preorder, subtree_end)
        WHERE step.id = new.id
        """,
        [list(ids), list(preorder), list(end)],
    )


def _step_rows(
    problem: OpenProblem, preorder: Sequence[int], end: Sequence[int], placed: Sequence[Placed]
) -> Iterator[Sequence[Any]]:
    tree = problem.tree
    ids, parents, depth = tree.ids, tree.parent, tree.depth
    problem_id = problem.id
    position = tree.n_stored
    for node, owner, place in zip(tree.nodes, tree.owners, tree.places, strict=True):
        parent = parents[position]
        item = placed[owner]
        prepared = item.prepared
        yield (
            ids[position],
            problem_id,
            ids[parent] if parent >= 0 else None,
            None if node.caller is None else item.step_id(node.caller),
            None if prepared.record.merge else item.source_id,
            preorder[position],
            end[position],
            depth[position],
            node.kind,
            node.agent,
            node.level,
            node.text,
            step_hash(node.text, node.kind, node.agent, node.level),
            node.state_before,
            node.state_after,
            node.value,
            node.visits,
            node.n_tokens,
            prepared.node_metas.get(place),
        )
        position += 1


def step_hash(text: str, kind: str, agent: str, level: str) -> bytes:
    """Return the ``text_hash`` of a step: equal for steps that prefix merge takes as one."""
    return digest(text.strip(), kind, agent, level)


def _write_traces(cursor: CursorWrapper, placed: Sequence[Placed]) -> int:
    """Write traces and their outcomes; return how many traces."""
    n_traces = sum(len(item.prepared.traces) for item in placed)
    ids = reserve_ids(cursor, Trace, n_traces)
    start = 0
    for item in placed:
        stop = start + len(item.prepared.traces)
        item.trace_ids = ids[start:stop]
        start = stop
    copy_rows(cursor, Trace, _TRACE_COLUMNS, _trace_rows(placed))
    copy_rows(cursor, Outcome, _OUTCOME_COLUMNS, _outcome_rows(placed))
    return n_traces


def _trace_rows(placed: Sequence[Placed]) -> Iterator[Sequence[Any]]:
    for item in placed:
        problem = item.problem
        record = item.prepared.record
        for trace, trace_id, (sampling, meta) in zip(
            record.traces, item.trace_ids, item.prepared.traces, strict=True
        ):
            yield (
                trace_id,
                problem.id,
                item.step_id(trace.end),
                item.source_id,
                problem.n_traces,
                trace.key,
                trace.model,
                sampling,
                meta,
            )
            problem.n_traces += 1


def _outcome_rows(placed: Sequence[Placed]) -> Iterator[Sequence[Any]]:
    for item in placed:
        for trace, trace_id in zip(item.prepared.record.traces, item.trace_ids, strict=True):
            for outcome in trace.outcomes:
                value = None if outcome.value is None else float(outcome.value)
                yield trace_id, outcome.name, value, outcome.source
