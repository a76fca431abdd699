"""Tracewood's own JSONL: one problem per line, everything that is known about it.

Columns in which every value is the default are left out. The line of a problem that one ``tracewood``
record brought equals that record; otherwise ``sources`` says which part came from where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from annotator.exporters.dissent import Dissent, Dissents
from annotator.exporters.records import SLICES_META, ExportProblem, SourceSlice, flat_sources
from annotator.exporters.writer import JsonLines, Sink

if TYPE_CHECKING:
    from scoring.types import (
        AdjudicationRecord,
        CommentRecord,
        LabelRecord,
        RankingRecord,
        RaterRecord,
        TraceRecord,
    )

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
        "labels": _labels([x for x in problem.labels if not x.adjudicated], raters),
        "spans": [_with_rater(span, _SPAN, raters) for span in problem.spans],
        "alternatives": [_with_rater(item, _ALTERNATIVE, raters) for item in problem.alternatives],
        "scores": [_fields(score, _SCORE) for score in problem.scores],
        "rankings": [_ranking(item, raters) for item in problem.rankings],
        "submissions": [_with_rater(item, _SUBMISSION, raters) for item in problem.submissions],
        "comments": [_comment(item, raters) for item in problem.comments],
        "adjudications": _adjudications(problem, raters),
        "raters": raters.rows,
        "sources": [_fields(source, _SLICE) for source in sources],
        "meta": {k: v for k, v in own.meta.items() if k != SLICES_META} if own else {},
    }
    line.update((name, value) for name, value in optional.items() if value)
    return line


_SPAN = ("first", "last", "rating", "error_type", "note", "milliseconds")
_ALTERNATIVE = ("parent", "text", "replaces", "meta")
_RANKING = ("level", "parent", "criterion", "note", "milliseconds", "meta")
_SUBMISSION = ("trace", "reason", "note", "milliseconds")
_COMMENT = ("kind", "text", "trace", "answers", "created", "resolved", "resolution")
_ADJUDICATION = ("level", "criterion", "reason")
_ITEMS = ("tiers", "aside", "failed", "shown")
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


def _ranking(ranking: RankingRecord, raters: _Raters) -> dict[str, Any]:
    items = {name: value for name in _ITEMS if (value := getattr(ranking, name))}
    scores = {} if ranking.scores is None else {"scores": ranking.scores}
    return {**_with_rater(ranking, _RANKING, raters), **_paired({**items, **scores})}


def _comment(comment: CommentRecord, raters: _Raters) -> dict[str, Any]:
    step = {} if comment.node is None else {"step": comment.node}
    return {**step, **_with_rater(comment, _COMMENT, raters)}


def _adjudications(problem: ExportProblem, raters: _Raters) -> list[dict[str, Any]]:
    if not problem.adjudications:
        return []
    dissents = Dissents(problem)
    return [
        {**_adjudication(item, raters), **_dissent(dissents.of_decision(item), raters)}
        for item in problem.adjudications
    ]


def _dissent(dissent: Dissent, raters: _Raters) -> dict[str, Any]:
    """Return who judged otherwise and the share that agrees; nothing where everybody does."""
    if not dissent.otherwise:
        return {}
    otherwise = [raters.position(rater) for rater in dissent.otherwise]
    return {"dissent": otherwise, "agreeing": dissent.agreeing}


def _adjudication(decision: AdjudicationRecord, raters: _Raters) -> dict[str, Any]:
    line = _with_rater(decision, _ADJUDICATION, raters)
    if decision.node is not None:
        line["step"] = decision.node
    elif decision.run is not None:
        line["first"], line["last"] = decision.run
    else:
        line["parent"] = decision.parent
    line["decision"] = _paired(decision.decision)
    return line if decision.blind is None else {**line, "blind": _paired(decision.blind)}


def _paired(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state with its scores as pairs: JSON has no numbers for keys."""
    if state.get("scores") is None:
        return state
    return {**state, "scores": [[item, value] for item, value in state["scores"].items()]}


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
