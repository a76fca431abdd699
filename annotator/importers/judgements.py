"""Raters, labels, spans and alternatives of a ``tracewood`` line.

A rater of kind ``person`` is imported as kind ``imported`` with ``version`` "person": the name stays
to be seen, but a file cannot make a judgement count as one of this project's members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.importers.columns import Columns
from annotator.importers.fields import (
    FieldError,
    array,
    fail,
    filled_text,
    index,
    mapping,
    member,
    objects,
    only,
    optional_object,
    optional_text,
    text,
)
from scoring.types import (
    RATER_KINDS,
    RATINGS,
    ROOT,
    AlternativeRecord,
    LabelRecord,
    NodeRecord,
    RaterRecord,
    SpanLabelRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_LABELS = (
    "node", "rater", "rating", "unsure", "error_type", "realises_error", "note", "milliseconds",
    "meta",
)  # fmt: skip
_SPAN = ("first", "last", "rater", "rating", "error_type", "note", "milliseconds")
_ALTERNATIVE = ("parent", "text", "rater", "replaces", "meta")

_MAX_MILLISECONDS = 2**31 - 1

Row = dict[str, Any]


def raters_of(record: Row) -> list[RaterRecord]:
    """Return the raters, to whom judgements refer by position."""
    return [
        _rater(row, path) for row, path in objects(record, "raters", ("kind", "name", "version"))
    ]


def _rater(row: Row, path: str) -> RaterRecord:
    kind = text(row, "kind", path)
    if kind not in RATER_KINDS:
        fail(f"{path}kind", f"one of {', '.join(RATER_KINDS)}", kind)
    name, version = filled_text(row, "name", path), optional_text(row, "version", path)
    if kind == "person":
        return RaterRecord("imported", name, "person")
    return RaterRecord(kind, name, version)


def rater_at(row: Row, path: str, raters: Sequence[RaterRecord]) -> RaterRecord:
    """Return whom the field ``rater`` of ``row`` means."""
    value = member(row, "rater", path)
    return raters[index(value, f"{path}rater", 0, len(raters) - 1, "a position in 'raters'")]


def labels_of(record: Row, n_steps: int, raters: Sequence[RaterRecord]) -> list[LabelRecord]:
    """Return the labels, which stand in columns; a step has one label of each rater."""
    table = mapping(record.get("labels", {}), "labels")
    if not table:
        return []
    only(table, _LABELS, "labels.")
    columns = Columns(table, "labels.", "node", len(array(table, "node", "labels.")))
    nodes = columns.positions("node", low=0, high=n_steps - 1)
    who = columns.positions("rater", low=0, high=len(raters) - 1)
    _no_second_label(nodes, who)
    return list(
        map(
            LabelRecord,
            nodes,
            [raters[i] for i in who],
            columns.optional_integers("rating", -1, 1),
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


def spans_of(
    record: Row, nodes: Sequence[NodeRecord], raters: Sequence[RaterRecord]
) -> list[SpanLabelRecord]:
    """Return the labels of runs of steps along one path."""
    return [_span(row, path, nodes, raters) for row, path in objects(record, "spans", _SPAN)]


def _span(
    row: Row, path: str, nodes: Sequence[NodeRecord], raters: Sequence[RaterRecord]
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
        rater_at(row, path, raters),
        _rating(row.get("rating"), f"{path}rating"),
        optional_text(row, "error_type", path),
        optional_text(row, "note", path),
        milliseconds_at(row, path),
    )


def milliseconds_at(row: Row, path: str) -> int | None:
    """Return the time spent on the judgement ``row``."""
    value = row.get("milliseconds")
    return None if value is None else index(value, f"{path}milliseconds", 0, _MAX_MILLISECONDS)


def _rating(value: object, path: str) -> int | None:
    if value is None:
        return None
    if type(value) is not int or value not in RATINGS:
        fail(path, "-1, 0, 1 or null", value)
    return value


def alternatives_of(
    record: Row, n_steps: int, raters: Sequence[RaterRecord]
) -> list[AlternativeRecord]:
    """Return the steps that somebody wrote instead of, or beside, those of the tree."""
    return [
        _alternative(row, path, n_steps, raters)
        for row, path in objects(record, "alternatives", _ALTERNATIVE)
    ]


def _alternative(
    row: Row, path: str, n_steps: int, raters: Sequence[RaterRecord]
) -> AlternativeRecord:
    replaces = row.get("replaces")
    return AlternativeRecord(
        index(member(row, "parent", path), f"{path}parent", ROOT, n_steps - 1),
        text(row, "text", path),
        rater_at(row, path, raters),
        None if replaces is None else index(replaces, f"{path}replaces", 0, n_steps - 1),
        optional_object(row, "meta", path),
    )
