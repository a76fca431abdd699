"""Tracewood's own JSONL: one problem per line, lossless, flat at any depth of the tree.

Steps and labels are columns (arrays of equal length); a column in which every value is the default
may be left out. Positions refer to ``steps``; -1 is the problem. ``docs/formats.md`` shows a line.

A rater of kind ``person`` is imported as kind ``imported`` with ``version`` "person": the name stays
to be seen, but a file cannot make a judgement count as one of this project's members.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.columns import Columns
from annotator.importers.fields import (
    FieldError,
    array,
    boolean,
    check_depth,
    fail,
    filled_text,
    finite,
    index,
    mapping,
    member,
    optional_text,
    text,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from annotator.importers.slices import SLICES_META, check_slices
from scoring.types import (
    LEVELS,
    RATER_KINDS,
    RATINGS,
    ROOT,
    STEP_KINDS,
    AlternativeRecord,
    ImportItem,
    LabelRecord,
    NodeRecord,
    OutcomeRecord,
    ProblemRecord,
    RaterRecord,
    ScoreRecord,
    SpanLabelRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION = 1
_TOP = (
    "tracewood", "key", "problem", "merge", "steps", "traces", "raters", "labels", "spans",
    "alternatives", "scores", "sources", "meta",
)  # fmt: skip
_STEPS = (
    "text", "parent", "kind", "agent", "level", "caller", "state_before", "state_after", "value",
    "visits", "n_tokens", "meta",
)  # fmt: skip
_LABELS = (
    "node", "rater", "rating", "unsure", "error_type", "realises_error", "note", "milliseconds",
    "meta",
)  # fmt: skip


def sniff(head: bytes) -> bool:
    """The version field."""
    return outline(head).has("tracewood")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one tree per line."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    if member(record, "tracewood") != VERSION:
        fail("tracewood", f"{VERSION}, the only version so far", record["tracewood"])
    _only(record, _TOP, "")
    problem = mapping(member(record, "problem"), "problem")
    _only(problem, ("prompt", "reference", "meta"), "problem.")
    nodes = _nodes(mapping(member(record, "steps"), "steps"))
    n = len(nodes)
    raters = [_rater(*item) for item in _rows(record, "raters", ("kind", "name", "version"))]
    tree = TreeRecord(
        key=optional_text(record, "key") or digest(record),
        problem=ProblemRecord(
            filled_text(problem, "prompt", "problem."),
            optional_text(problem, "reference", "problem."),
            _meta(problem, "problem."),
        ),
        nodes=nodes,
        traces=_traces(record, n),
        merge=boolean(record, "merge") if "merge" in record else False,
        labels=_labels(mapping(record.get("labels", {}), "labels"), n, raters),
        spans=[_span(row, path, nodes, raters) for row, path in _rows(record, "spans", _SPAN)],
        alternatives=[
            _alternative(row, path, n, raters)
            for row, path in _rows(record, "alternatives", _ALTERNATIVE)
        ],
        scores=[_score(row, path, n) for row, path in _rows(record, "scores", _SCORE)],
        meta=_meta(record, ""),
    )
    if record.get("sources"):
        tree.meta[SLICES_META] = check_slices(array(record, "sources"), tree)
    return tree


_SPAN = ("first", "last", "rater", "rating", "error_type", "note")
_ALTERNATIVE = ("parent", "text", "rater", "replaces", "meta")
_SCORE = ("model", "version", "nodes", "values")
_TRACE = ("end", "key", "model", "sampling", "outcomes", "meta")


def _only(record: dict[str, Any], known: tuple[str, ...], path: str) -> None:
    """Refuse a field that would be lost."""
    if not record.keys() <= set(known):
        name = next(name for name in record if name not in known)
        raise FieldError(
            f"field '{path}{name}' is not known; known: {', '.join(known)} (own fields go into 'meta')"
        )


def _rows(
    record: dict[str, Any], name: str, known: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects of an optional array with their path."""
    if record.get(name) is None:
        return
    for i, row in enumerate(array(record, name)):
        path = f"{name}[{i}]"
        _only(mapping(row, path), known, f"{path}.")
        yield row, f"{path}."


def _meta(record: dict[str, Any], path: str, name: str = "meta") -> dict[str, Any]:
    value = record.get(name)
    if value is None:
        return {}
    check_depth(mapping(value, path + name), path + name)
    return dict(value)


def _nodes(steps: dict[str, Any]) -> list[NodeRecord]:
    _only(steps, _STEPS, "steps.")
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


def _rater(row: dict[str, Any], path: str) -> RaterRecord:
    kind = text(row, "kind", path)
    if kind not in RATER_KINDS:
        fail(f"{path}kind", f"one of {', '.join(RATER_KINDS)}", kind)
    name, version = filled_text(row, "name", path), optional_text(row, "version", path)
    return (
        RaterRecord("imported", name, "person")
        if kind == "person"
        else RaterRecord(kind, name, version)
    )


def _rater_at(value: object, path: str, raters: list[RaterRecord]) -> RaterRecord:
    return raters[index(value, path, 0, len(raters) - 1, "a position in 'raters'")]


def _rating(value: object, path: str) -> int | None:
    if value is not None and (type(value) is not int or value not in RATINGS):
        fail(path, "-1, 0, 1 or null", value)
    return value


def _labels(labels: dict[str, Any], n: int, raters: list[RaterRecord]) -> list[LabelRecord]:
    if not labels:
        return []
    _only(labels, _LABELS, "labels.")
    columns = Columns(labels, "labels.", "node", len(array(labels, "node", "labels.")))
    nodes = columns.positions("node", low=0, high=n - 1)
    who = columns.positions("rater", low=0, high=len(raters) - 1)
    _no_second_label(nodes, who)
    ratings: Iterable[int | None] = columns.optional_integers("rating", -1, 1)
    return list(
        map(
            LabelRecord,
            nodes,
            [raters[i] for i in who],
            ratings,
            columns.booleans("unsure"),
            columns.texts("error_type"),
            columns.booleans("realises_error"),
            columns.texts("note"),
            columns.optional_integers("milliseconds", 0),
            columns.objects("meta"),
        )
    )


def _no_second_label(nodes: list[int], who: list[int]) -> None:
    pairs = list(zip(nodes, who, strict=True))
    if len(set(pairs)) == len(pairs):
        return
    seen: dict[tuple[int, int], int] = {}
    for i, pair in enumerate(pairs):
        if pair in seen:
            raise FieldError(
                f"field 'labels.node[{i}]': step {pair[0]} already has a label of rater {pair[1]} "
                f"(labels.node[{seen[pair]}])"
            )
        seen[pair] = i


def _traces(record: dict[str, Any], n: int) -> list[TraceRecord]:
    traces = [_trace(row, path, n) for row, path in _rows(record, "traces", _TRACE)]
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
        _meta(row, path, "sampling"),
        _outcomes(row, path),
        _meta(row, path),
    )


def _outcomes(row: dict[str, Any], path: str) -> list[OutcomeRecord]:
    if row.get("outcomes") is None:
        return []
    found = []
    for i, item in enumerate(array(row, "outcomes", path)):
        where = f"{path}outcomes[{i}]."
        _only(mapping(item, where[:-1]), ("name", "value", "source"), where)
        value = member(item, "value", where)
        value = None if value is None else finite(value, f"{where}value")
        found.append(
            OutcomeRecord(
                filled_text(item, "name", where), value, optional_text(item, "source", where)
            )
        )
    return found


def _span(
    row: dict[str, Any], path: str, nodes: list[NodeRecord], raters: list[RaterRecord]
) -> SpanLabelRecord:
    last = index(member(row, "last", path), f"{path}last", 0, len(nodes) - 1)
    first = index(member(row, "first", path), f"{path}first", 0, len(nodes) - 1)
    at = last
    while at > first:
        at = nodes[at].parent
    if at != first:
        fail(f"{path}last", f"a step below 'first' ({first})", last)
    return SpanLabelRecord(
        first,
        last,
        _rater_at(member(row, "rater", path), f"{path}rater", raters),
        _rating(row.get("rating"), f"{path}rating"),
        optional_text(row, "error_type", path),
        optional_text(row, "note", path),
    )


def _alternative(
    row: dict[str, Any], path: str, n: int, raters: list[RaterRecord]
) -> AlternativeRecord:
    replaces = row.get("replaces")
    return AlternativeRecord(
        index(member(row, "parent", path), f"{path}parent", ROOT, n - 1),
        text(row, "text", path),
        _rater_at(member(row, "rater", path), f"{path}rater", raters),
        None if replaces is None else index(replaces, f"{path}replaces", 0, n - 1),
        _meta(row, path),
    )


def _score(row: dict[str, Any], path: str, n: int) -> ScoreRecord:
    columns = Columns(row, path, "nodes", len(array(row, "nodes", path)))
    return ScoreRecord(
        filled_text(row, "model", path),
        columns.positions("nodes", low=0, high=n - 1),
        columns.numbers("values"),
        optional_text(row, "version", path),
    )
