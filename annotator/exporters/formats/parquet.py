"""Parquet for ``datasets``: tables of steps, traces and labels, one file per table and split.

Columns fill plain lists and leave as a row group when enough rows or bytes have gathered, so memory
does not grow with the export. ``README.md`` is the dataset card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from annotator.exporters.card import CARD, TableInfo, card
from annotator.exporters.dissent import Dissents
from scoring.types import ROOT, LabelRecord, NodeRecord

if TYPE_CHECKING:
    from annotator.exporters.records import ExportProblem
    from annotator.exporters.writer import HashedFile, Sink

_ROWS = 10_000
_BYTES = 16 << 20

_TEXT, _INT, _FLOAT, _BOOL = pa.string(), pa.int32(), pa.float64(), pa.bool_()
STEPS = pa.schema(
    {
        "problem_id": _TEXT,
        "step": _INT,
        "parent": _INT,
        "depth": _INT,
        "prompt": _TEXT,
        "reference": _TEXT,
        "text": _TEXT,
        "kind": _TEXT,
        "agent": _TEXT,
        "level": _TEXT,
        "state_before": _TEXT,
        "state_after": _TEXT,
        "value": _FLOAT,
        "visits": pa.int64(),
        "n_tokens": pa.int64(),
        "rating": pa.int8(),
        "target": _FLOAT,
        "meta": _TEXT,
    }
)
TRACES = pa.schema(
    {
        "problem_id": _TEXT,
        "trace": _INT,
        "end": _INT,
        "key": _TEXT,
        "model": _TEXT,
        "correct": _FLOAT,
        "outcomes": _TEXT,
        "sampling": _TEXT,
        "meta": _TEXT,
    }
)
LABELS = pa.schema(
    {
        "problem_id": _TEXT,
        "step": _INT,
        "rater_kind": _TEXT,
        "rater": _TEXT,
        "rater_version": _TEXT,
        "rating": pa.int8(),
        "unsure": _BOOL,
        "error_type": _TEXT,
        "realises_error": _BOOL,
        "note": _TEXT,
        "milliseconds": pa.int64(),
        "adjudicated": _BOOL,
        "dissents": _BOOL,
        "agreeing": _FLOAT,
    }
)
Columns = tuple[Sequence[Any], ...]


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write the tables and the card."""
    tables = [
        _Table(sink, "steps", STEPS, _step_columns),
        _Table(sink, "traces", TRACES, _trace_columns),
        _Table(sink, "labels", LABELS, _label_columns),
    ]
    project = ""
    try:
        for problem in problems:
            project = problem.project
            for table in tables:
                table.add(problem)
        infos = [table.finish() for table in tables]
    except BaseException:
        sink.abandon()
        raise
    file = sink.open(CARD)
    file.write(card(project, infos).encode())
    sink.finish(file, data=False)


class _Table:
    """One table: a file per split."""

    def __init__(
        self,
        sink: Sink,
        name: str,
        schema: pa.Schema,
        columns: Callable[[ExportProblem], Columns],
    ) -> None:
        self._sink = sink
        self._name = name
        self._schema = schema
        self._columns = columns
        self._splits: dict[str, _SplitFile] = {}

    def add(self, problem: ExportProblem) -> None:
        columns = self._columns(problem)
        if not columns[0]:
            return
        split = self._splits.get(problem.split)
        if split is None:
            file = self._sink.open(f"{self._name}/{problem.split}-00000.parquet")
            split = self._splits[problem.split] = _SplitFile(file, self._schema)
        split.add(columns)

    def finish(self) -> TableInfo:
        """Close the files and return what the card says about them."""
        splits = {}
        for name, split in self._splits.items():
            split.close()
            entry = self._sink.finish(split.file)
            splits[name] = (entry.rows, split.nbytes)
        types = {field.name: _feature(field.type) for field in self._schema}
        return TableInfo(self._name, types, splits)


def _feature(kind: pa.DataType) -> str:
    return "float64" if kind == _FLOAT else str(kind)


class _SplitFile:
    """Gathers columns and writes them as row groups."""

    def __init__(self, file: HashedFile, schema: pa.Schema) -> None:
        self.file = file
        self.nbytes = 0
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._clear()

    def _clear(self) -> None:
        self._waiting: list[list[Any]] = [[] for _ in self._schema]
        self._size = 0

    def add(self, columns: Columns) -> None:
        n = len(columns[0])
        for start in range(0, n, _ROWS):
            for waiting, column in zip(self._waiting, columns, strict=True):
                waiting += column[start : start + _ROWS]
                if column and isinstance(column[0], str):
                    self._size += sum(map(_length, column[start : start + _ROWS]))
            if len(self._waiting[0]) >= _ROWS or self._size >= _BYTES:
                self._flush()

    def _flush(self) -> None:
        arrays = [
            pa.array(values, field.type)
            for values, field in zip(self._waiting, self._schema, strict=True)
        ]
        batch = pa.record_batch(arrays, schema=self._schema)
        self._writer.write_batch(batch)
        self.nbytes += batch.nbytes
        self.file.rows += batch.num_rows
        self._clear()

    def close(self) -> None:
        if self._waiting[0]:
            self._flush()
        self._writer.close()


def _length(text: str | None) -> int:
    return len(text) if text else 0


def _json(value: object) -> str | None:
    return orjson.dumps(value).decode() if value else None


def _depths(nodes: Sequence[NodeRecord]) -> list[int]:
    depths: list[int] = []
    for node in nodes:
        depths.append(1 if node.parent == ROOT else depths[node.parent] + 1)
    return depths


def _step_columns(problem: ExportProblem) -> Columns:
    nodes = problem.nodes
    n = len(nodes)
    return (
        [problem.id] * n,
        list(range(n)),
        [node.parent for node in nodes],
        _depths(nodes),
        [problem.problem.prompt] * n,
        [problem.problem.reference] * n,
        [node.text for node in nodes],
        [node.kind for node in nodes],
        [node.agent for node in nodes],
        [node.level for node in nodes],
        [node.state_before for node in nodes],
        [node.state_after for node in nodes],
        [node.value for node in nodes],
        [node.visits for node in nodes],
        [node.n_tokens for node in nodes],
        list(problem.ratings) or [None] * n,
        list(problem.targets) or [None] * n,
        [_json(node.meta) for node in nodes],
    )


def _trace_columns(problem: ExportProblem) -> Columns:
    traces = problem.traces
    return (
        [problem.id] * len(traces),
        list(range(len(traces))),
        [trace.end for trace in traces],
        [trace.key for trace in traces],
        [trace.model for trace in traces],
        [
            next((item.value for item in trace.outcomes if item.name == "correct"), None)
            for trace in traces
        ],
        [
            _json([{"name": o.name, "value": o.value, "source": o.source} for o in trace.outcomes])
            for trace in traces
        ],
        [_json(trace.sampling) for trace in traces],
        [_json(trace.meta) for trace in traces],
    )


def _label_columns(problem: ExportProblem) -> Columns:
    labels = problem.labels
    return (
        [problem.id] * len(labels),
        [label.node for label in labels],
        [label.rater.kind for label in labels],
        [label.rater.name for label in labels],
        [label.rater.version for label in labels],
        [label.rating for label in labels],
        [label.unsure for label in labels],
        [label.error_type for label in labels],
        [label.realises_error for label in labels],
        [label.note for label in labels],
        [label.milliseconds for label in labels],
        [label.adjudicated for label in labels],
        *_dissent_columns(labels, Dissents(problem)),
    )


def _dissent_columns(labels: Sequence[LabelRecord], dissents: Dissents) -> Columns:
    """Return whether each label differs from its step's decision, and each decision's agreeing share.

    Null where there is no decision or no judgement.
    """
    decided = {label.node: (label.rating, label.unsure) for label in labels if label.adjudicated}
    differs: list[bool | None] = []
    agreeing: list[float | None] = []
    for label in labels:
        says = label.rating is not None or label.unsure
        asked = label.node in decided and says and not label.adjudicated
        differs.append((label.rating, label.unsure) != decided[label.node] if asked else None)
        agreeing.append(
            dissents.of_step(label.node, label.rating, unsure=label.unsure).agreeing
            if label.adjudicated
            else None
        )
    return differs, agreeing
