"""One problem of a snapshot: its steps in pre-order, its traces, and which record brought what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from annotator.exporters.records import SourceSlice
from scoring.types import (
    ROOT,
    NodeRecord,
    OutcomeRecord,
    TraceRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(slots=True)
class PlacedTree:
    """One problem's steps, and where their ids ended up."""

    nodes: list[NodeRecord] = field(default_factory=list)
    position: dict[int, int] = field(default_factory=dict)
    given: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def tree_of_rows(rows: Iterable[tuple[Any, ...]]) -> PlacedTree:
    """Return the steps of one problem from rows in pre-order."""
    tree = PlacedTree()
    nodes, position = tree.nodes, tree.position
    for at, row in enumerate(rows):
        position[row[2]] = at
        parent, caller, source, meta = row[3], row[4], row[5], row[15]
        nodes.append(
            NodeRecord(
                row[6],
                ROOT if parent is None else position[parent],
                row[7],
                row[8],
                row[9],
                caller,
                row[10],
                row[11],
                row[12],
                row[13],
                row[14],
                orjson.loads(meta) if meta else {},
            )
        )
        if source is not None:
            tree.given[source].append(row[2])
    for node in nodes:
        if node.caller is not None:  # a caller may come later in pre-order: resolved at the end
            node.caller = position[node.caller]
    return tree


def traces_of_rows(
    rows: Iterable[tuple[Any, ...]],
    outcomes: Iterable[tuple[Any, ...]],
    position: Mapping[int, int],
) -> list[TraceRecord]:
    """Return the traces of one problem, each with its outcomes."""
    by_trace: dict[int, list[OutcomeRecord]] = defaultdict(list)
    for _, _, trace, name, value, source in outcomes:
        by_trace[trace].append(OutcomeRecord(name, value, source))
    return [
        TraceRecord(
            position[end],
            key,
            model,
            orjson.loads(sampling) if sampling else {},
            by_trace.get(pk, []),
            orjson.loads(meta) if meta else {},
        )
        for _, _, pk, end, _, key, model, sampling, meta in rows
    ]


class Slices:
    """Finds what one imported record brought to a problem, in the order of that record.

    Ids are handed out in record order, so the nodes of a given tree are its steps by id; those of a
    flat record are the steps on its traces.
    """

    def __init__(
        self,
        tree: PlacedTree,
        traces: Sequence[tuple[Any, ...]],
        labels: Sequence[tuple[Any, ...]],
        alternatives: Sequence[Mapping[str, Any]],
    ) -> None:
        self._tree = tree
        self._ends = [tree.position[row[3]] for row in traces]
        self._traces = _positions(row[4] for row in traces)
        self._labels = _positions(row[4] for row in labels)
        self._alternatives = _positions(row["source"] for row in alternatives)

    def slice_of(self, record: tuple[Any, ...]) -> SourceSlice:
        """Return the slice of one row of ``RECORDS``."""
        _, pk, format_key, key, meta = record
        traces = self._traces.get(pk, [])
        given = self._tree.given.get(pk)
        return SourceSlice(
            format_key,
            key,
            orjson.loads(meta),
            [self._tree.position[step] for step in sorted(given)] if given else self._path(traces),
            traces,
            self._labels.get(pk, []),
            self._alternatives.get(pk, []),
        )

    def _path(self, traces: Sequence[int]) -> list[int]:
        found: dict[int, None] = {}
        for trace in traces:
            path, at = [], self._ends[trace]
            while at != ROOT and at not in found:
                path.append(at)
                at = self._tree.nodes[at].parent
            found.update(dict.fromkeys(reversed(path)))
        return list(found)


def _positions(sources: Iterable[int | None]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for at, source in enumerate(sources):
        if source is not None:
            found[source].append(at)
    return found
