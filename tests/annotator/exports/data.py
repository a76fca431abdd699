"""Imported fixtures and the rows of exports."""

from __future__ import annotations

import json

from annotator.exporters.records import ExportProblem
from annotator.services.imports import import_file
from scoring.types import NodeRecord, OutcomeRecord, ProblemRecord, TraceRecord
from tests.annotator.formats import FORMATS


def imported(project, format_key, suffix="jsonl"):
    path = FORMATS / f"{format_key}.{suffix}"
    import_file(project=project, path=path, format=format_key)
    return path


def rows(folder, name):
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


#        a(+) ── b(+) ── c(?)
#      /      └─ d(−) ── e(+)
#   p ── f(−)
NODES = [
    NodeRecord("a"),
    NodeRecord("b", 0),
    NodeRecord("c", 1),
    NodeRecord("d", 0),
    NodeRecord("e", 3),
    NodeRecord("f"),
]


TARGETS = [1.0, 1.0, None, 0.0, 1.0, 0.0]


def problem(**changes):
    def trace(end, value):
        return TraceRecord(end, outcomes=[OutcomeRecord("correct", value)])

    fields = {
        "id": "7",
        "project": "toy",
        "split": "train",
        "problem": ProblemRecord("p"),
        "nodes": NODES,
        "traces": [trace(2, 1.0), trace(4, 0.0), trace(5, 0.0), trace(5, None)],
        "targets": TARGETS,
    }
    return ExportProblem(**{**fields, **changes})
