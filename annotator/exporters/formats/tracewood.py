"""Tracewood's own JSONL: one problem per line, everything that is known about it.

Columns in which every value is the default are left out. The line of a problem that one ``tracewood``
record brought equals that record; otherwise ``sources`` says which part came from where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from annotator.exporters.records import SLICES_META, ExportProblem, SourceSlice, flat_sources
from annotator.exporters.writer import JsonLines, Sink

if TYPE_CHECKING:
    from scoring.types import LabelRecord, RaterRecord, TraceRecord

FILE = "tracewood.jsonl"
VERSION = 1

_STEP_COLUMNS: tuple[tuple[str, object], ...] = (
    ("kind", "thought"),
    ("agent", ""),
    ("level", ""),
    ("caller", None),
    ("state_before", None),
    ("state_after", None),
    ("value", None),
    ("visits", None),
    ("n_tokens", None),
    ("meta", {}),
)
_LABEL_COLUMNS: tuple[tuple[str, object], ...] = (
    ("unsure", False),
    ("error_type", ""),
    ("realises_error", False),
    ("note", ""),
    ("milliseconds", None),
    ("meta", {}),
)


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one line per problem."""
    with JsonLines(sink) as lines:
        lines.file(FILE)
        for problem in problems:
            lines.write(FILE, row(problem))


def row(problem: ExportProblem) -> dict[str, Any]:
    """Return the line of one problem."""
    raters = _Raters()
    own = _own_record(problem)
    sources = [] if own and SLICES_META not in own.meta else flat_sources(problem)
    line: dict[str, Any] = {"tracewood": VERSION, "key": own.key if own else problem.id}
    line["problem"] = {"prompt": problem.problem.prompt, "reference": problem.problem.reference}
    if problem.problem.meta:
        line["problem"]["meta"] = problem.problem.meta
    line["merge"] = False
    line["steps"] = {
        "text": [node.text for node in problem.nodes],
        "parent": [node.parent for node in problem.nodes],
        **_columns(problem.nodes, _STEP_COLUMNS),
    }
    optional = {
        "traces": [_trace(trace) for trace in problem.traces],
        "labels": _labels(problem.labels, raters),
        "spans": [_with_rater(span, _SPAN, raters) for span in problem.spans],
        "alternatives": [_with_rater(item, _ALTERNATIVE, raters) for item in problem.alternatives],
        "scores": [_fields(score, _SCORE) for score in problem.scores],
        "raters": raters.rows,
        "sources": [_fields(source, _SLICE) for source in sources],
        "meta": {k: v for k, v in own.meta.items() if k != SLICES_META} if own else {},
    }
    line.update((name, value) for name, value in optional.items() if value)
    return line


_SPAN = ("first", "last", "rating", "error_type", "note")
_ALTERNATIVE = ("parent", "text", "replaces", "meta")
_SCORE = ("model", "version", "nodes", "values")
_TRACE = ("key", "model", "sampling", "meta")
_SLICE = ("format", "key", "meta", "nodes", "traces", "labels", "alternatives")


def _own_record(problem: ExportProblem) -> SourceSlice | None:
    """Return the one ``tracewood`` record that is the whole problem, if there is one."""
    if len(problem.sources) != 1 or problem.sources[0].format != "tracewood":
        return None
    source = problem.sources[0]
    whole = list(source.nodes) == list(range(len(problem.nodes)))
    return source if whole and len(source.traces) == len(problem.traces) else None


def _columns(
    records: Sequence[Any], columns: tuple[tuple[str, object], ...]
) -> dict[str, list[Any]]:
    """Return the columns that hold anything but their default."""
    table = {}
    for name, default in columns:
        values = list(map(attrgetter(name), records))
        if values.count(default) != len(values):
            table[name] = values
    return table


def _fields(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the named fields, empty ones left out; numbers are never left out."""
    found = ((name, getattr(record, name)) for name in names)
    return {
        name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in found
        if value not in ("", {}, None) or name in ("text", "rating")
    }


def _trace(trace: TraceRecord) -> dict[str, Any]:
    line: dict[str, Any] = {"end": trace.end}
    line.update((name, value) for name in _TRACE if (value := getattr(trace, name)))
    if trace.outcomes:
        line["outcomes"] = [
            {"name": item.name, "value": item.value, "source": item.source}
            for item in trace.outcomes
        ]
    return line


def _with_rater(record: Any, names: tuple[str, ...], raters: _Raters) -> dict[str, Any]:
    return {"rater": raters.position(record.rater), **_fields(record, names)}


def _labels(labels: Sequence[LabelRecord], raters: _Raters) -> dict[str, list[Any]]:
    if not labels:
        return {}
    taken: set[tuple[int, int]] = set()
    who = []
    for label in labels:
        rater = raters.position(label.rater)
        again = 1
        while (label.node, rater) in taken:  # two records of one source judged a shared step
            again += 1
            rater = raters.position(label.rater, again)
        taken.add((label.node, rater))
        who.append(rater)
    return {
        "node": [label.node for label in labels],
        "rater": who,
        "rating": [label.rating for label in labels],
        **_columns(labels, _LABEL_COLUMNS),
    }


class _Raters:
    """Gives each rater a position in the line's list."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        self._positions: dict[tuple[str, str, str, int], int] = {}

    def position(self, rater: RaterRecord, again: int = 1) -> int:
        """Return the position of ``rater``; ``again`` > 1: of its n-th judgement of one step."""
        key = (rater.kind, rater.name, rater.version, again)
        found = self._positions.get(key)
        if found is None:
            found = self._positions[key] = len(self.rows)
            version = rater.version if again == 1 else f"{rater.version}~{again}"
            row = {"kind": rater.kind, "name": rater.name}
            self.rows.append({**row, "version": version} if version else row)
        return found
