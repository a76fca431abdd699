"""From an importer's record to an exporter's, the way the database hands it on: in pre-order."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from annotator.exporters.records import ExportProblem, SourceSlice, children_of
from annotator.exporters.registry import exporter
from annotator.importers.registry import importer
from scoring.types import ROOT, RankingRecord, Rejected, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from annotator.exporters.writer import ExportReport


def preorder(tree: TreeRecord) -> list[int]:
    """Return the positions of the nodes in pre-order, siblings in record order."""
    children = children_of(tree.nodes)
    order, stack = [], list(reversed(children.get(ROOT, [])))
    while stack:
        at = stack.pop()
        order.append(at)
        stack += reversed(children.get(at, []))
    return order


def export_problem(tree: TreeRecord, source_format: str, **changes: Any) -> ExportProblem:
    """Return ``tree`` as the only source of a problem."""
    order = preorder(tree)
    place = {old: new for new, old in enumerate(order)} | {ROOT: ROOT}
    nodes = [replace(tree.nodes[old], parent=place[tree.nodes[old].parent]) for old in order]
    ratings: list[int | None] = [None] * len(nodes)
    for label in tree.labels:
        ratings[place[label.node]] = label.rating
    problem = ExportProblem(
        id=tree.key,
        project="toy",
        split="train",
        problem=tree.problem,
        nodes=nodes,
        traces=[replace(trace, end=place[trace.end]) for trace in tree.traces],
        labels=[replace(label, node=place[label.node]) for label in tree.labels],
        spans=[replace(s, first=place[s.first], last=place[s.last]) for s in tree.spans],
        alternatives=[
            replace(
                item,
                parent=place[item.parent],
                replaces=None if item.replaces is None else place[item.replaces],
            )
            for item in tree.alternatives
        ],
        scores=[replace(s, nodes=[place[at] for at in s.nodes]) for s in tree.scores],
        sources=[
            SourceSlice(
                source_format,
                tree.key,
                tree.meta,
                [place[old] for old in range(len(nodes))],
                range(len(tree.traces)),
                range(len(tree.labels)),
                range(len(tree.alternatives)),
            )
        ],
        rankings=[_ranked(item, place) for item in tree.rankings],
        submissions=tree.submissions,
        comments=[
            replace(item, node=None if item.node is None else place[item.node])
            for item in tree.comments
        ],
        adjudications=[
            replace(
                item,
                node=None if item.node is None else place[item.node],
                run=None if item.run is None else (place[item.run[0]], place[item.run[1]]),
                parent=place[item.parent],
            )
            for item in tree.adjudications
        ],
        targets=[None if rating is None else (rating + 1) / 2 for rating in ratings],
        ratings=ratings,
    )
    return replace(problem, **changes)


def _ranked(ranking: RankingRecord, place: Mapping[int, int]) -> RankingRecord:
    if ranking.level == "trace":
        return ranking

    def moved(items: Iterable[int]) -> list[int]:
        return [place[item] for item in items]

    return replace(
        ranking,
        parent=place[ranking.parent],
        tiers=list(map(moved, ranking.tiers)),
        aside=moved(ranking.aside),
        failed=moved(ranking.failed),
        shown=moved(ranking.shown),
        scores=None
        if ranking.scores is None
        else {place[item]: value for item, value in ranking.scores.items()},
    )


def read_bytes(key: str, data: bytes) -> list[Any]:
    """Return all items of an import."""
    return list(importer(key).read(io.BytesIO(data)))


def read_rows(key: str, *rows: object) -> list[Any]:
    """Return all items of an import of JSON lines."""
    return read_bytes(key, b"\n".join(orjson.dumps(row) for row in rows))


def reason(key: str, row: object) -> str:
    """Return why ``row`` is refused."""
    (item,) = read_rows(key, row)
    assert isinstance(item, Rejected), item
    return item.reason


class Memory(io.BytesIO):
    """A file whose content outlives it."""

    content = b""

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()


def export(
    key: str, problems: Iterable[ExportProblem], **options: object
) -> tuple[ExportReport, dict[str, bytes]]:
    """Return the report and the files of an export."""
    files: dict[str, Memory] = {}

    def open_file(name: str) -> Memory:
        return files.setdefault(name, Memory())

    report = exporter(key).write(iter(problems), open_file, options)
    assert all(file.closed for file in files.values())
    return report, {name: file.content for name, file in files.items()}


def export_rows(key: str, problems: Iterable[ExportProblem], **options: object) -> list[Any]:
    """Return the rows of a JSON lines export, all files together."""
    _, files = export(key, problems, **options)
    return [orjson.loads(line) for data in files.values() for line in data.splitlines()]
