"""Tracewood's own JSONL: one problem per line, lossless, flat at any depth of the tree.

Steps and labels are columns (arrays of equal length); a column in which every value is the default
may be left out. Positions refer to ``steps``; -1 is the problem. ``docs/formats.md`` shows a line.
What raters said is read by ``importers.judgements`` and ``importers.verdicts``.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.columns import Columns
from annotator.importers.fields import (
    FieldError,
    array,
    boolean,
    fail,
    filled_text,
    finite,
    index,
    mapping,
    member,
    objects,
    only,
    optional_object,
    optional_text,
)
from annotator.importers.judgements import alternatives_of, labels_of, raters_of, spans_of
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from annotator.importers.slices import SLICES_META, check_slices
from annotator.importers.verdicts import add_verdicts
from scoring.types import (
    LEVELS,
    ROOT,
    STEP_KINDS,
    ImportItem,
    NodeRecord,
    OutcomeRecord,
    ProblemRecord,
    ScoreRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = 1
_TOP = (
    "tracewood", "key", "problem", "merge", "steps", "traces", "raters", "labels", "spans",
    "alternatives", "scores", "rankings", "submissions", "comments", "adjudications", "sources",
    "meta",
)  # fmt: skip
_STEPS = (
    "text", "parent", "kind", "agent", "level", "caller", "state_before", "state_after", "value",
    "visits", "n_tokens", "meta",
)  # fmt: skip
_TRACE = ("end", "key", "model", "sampling", "outcomes", "meta")
_OUTCOME = ("name", "value", "source")
_OUTCOME_VALUE = "a finite number, or null if it is unknown"
_SCORE = ("model", "version", "nodes", "values")


def sniff(head: bytes) -> bool:
    """The version field."""
    return outline(head).has("tracewood")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one tree per line."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    if member(record, "tracewood") != VERSION:
        fail("tracewood", f"{VERSION}, the only version so far", record["tracewood"])
    only(record, _TOP)
    nodes = _nodes(mapping(member(record, "steps"), "steps"))
    n = len(nodes)
    raters = raters_of(record)
    tree = TreeRecord(
        key=optional_text(record, "key") or digest(record),
        problem=_problem(mapping(member(record, "problem"), "problem")),
        nodes=nodes,
        traces=_traces(record, n),
        merge=boolean(record, "merge") if "merge" in record else False,
        labels=labels_of(record, n, raters),
        spans=spans_of(record, nodes, raters),
        alternatives=alternatives_of(record, n, raters),
        scores=[_score(row, path, n) for row, path in objects(record, "scores", _SCORE)],
        meta=optional_object(record, "meta"),
    )
    add_verdicts(tree, record, raters)
    if record.get("sources"):
        tree.meta[SLICES_META] = check_slices(array(record, "sources"), tree)
    return tree


def _problem(problem: dict[str, Any]) -> ProblemRecord:
    only(problem, ("prompt", "reference", "meta"), "problem.")
    return ProblemRecord(
        filled_text(problem, "prompt", "problem."),
        optional_text(problem, "reference", "problem."),
        optional_object(problem, "meta", "problem."),
    )


def _nodes(steps: dict[str, Any]) -> list[NodeRecord]:
    only(steps, _STEPS, "steps.")
    texts = array(steps, "text", "steps.")
    columns = Columns(steps, "steps.", "text", len(texts))
    parents = columns.positions("parent")
    _check_parents(parents)
    if len(steps) == 2:
        columns.texts("text")
        return list(map(NodeRecord, texts, parents))
    callers = columns.optional_integers("caller", 0)
    for i, caller in enumerate(callers if "caller" in steps else ()):
        if caller is not None and caller >= i:
            fail(f"steps.caller[{i}]", f"a step before it (0 to {i - 1}) or null", caller)
    return list(
        map(
            NodeRecord,
            columns.texts("text"),
            parents,
            columns.choices("kind", STEP_KINDS, "thought"),
            columns.texts("agent"),
            columns.choices("level", LEVELS, ""),
            callers,
            columns.optional_texts("state_before"),
            columns.optional_texts("state_after"),
            columns.optional_numbers("value"),
            columns.optional_integers("visits", 0),
            columns.optional_integers("n_tokens", 0),
            columns.objects("meta"),
        )
    )


def _check_parents(parents: list[int]) -> None:
    """Parents come first, so there is no cycle and no orphan."""
    for i, parent in enumerate(parents):
        if not ROOT <= parent < i:
            fail(f"steps.parent[{i}]", f"a step before it, {ROOT} to {i - 1}", parent)


def _traces(record: dict[str, Any], n: int) -> list[TraceRecord]:
    traces = [_trace(row, path, n) for row, path in objects(record, "traces", _TRACE)]
    keys = [trace.key for trace in traces if trace.key]
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise FieldError(f"field 'traces': the key '{twice}' stands twice")
    return traces


def _trace(row: dict[str, Any], path: str, n: int) -> TraceRecord:
    return TraceRecord(
        index(member(row, "end", path), f"{path}end", 0, n - 1, "a position in 'steps'"),
        optional_text(row, "key", path),
        optional_text(row, "model", path),
        optional_object(row, "sampling", path),
        _outcomes(row, path),
        optional_object(row, "meta", path),
    )


def _outcomes(row: dict[str, Any], path: str) -> list[OutcomeRecord]:
    return [_outcome(item, where) for item, where in objects(row, "outcomes", _OUTCOME, path)]


def _outcome(row: dict[str, Any], path: str) -> OutcomeRecord:
    value = member(row, "value", path)
    return OutcomeRecord(
        filled_text(row, "name", path),
        None if value is None else finite(value, f"{path}value", _OUTCOME_VALUE),
        optional_text(row, "source", path),
    )


def _score(row: dict[str, Any], path: str, n: int) -> ScoreRecord:
    columns = Columns(row, path, "nodes", len(array(row, "nodes", path)))
    return ScoreRecord(
        filled_text(row, "model", path),
        columns.positions("nodes", low=0, high=n - 1),
        columns.numbers("values"),
        optional_text(row, "version", path),
    )
