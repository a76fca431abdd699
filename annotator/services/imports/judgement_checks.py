"""Checks of what a record says about its steps: labels, spans, alternatives and scores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from annotator.numbers import countable, flaw
from annotator.services.imports.texts import (
    MAX_TEXT,
    RecordRefusedError,
    check_integer,
    check_name,
    check_position,
    check_text,
    optional_json,
)
from scoring.types import (
    RATER_KINDS,
    RATINGS,
    ROOT,
    AlternativeRecord,
    LabelRecord,
    NodeRecord,
    RaterRecord,
    ScoreRecord,
    SpanLabelRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MODEL_NAME_LENGTH = 100
RATER_VERSION_LENGTH = 60

RaterRecordKey = tuple[str, str, str]


def check_labels(record: TreeRecord) -> tuple[dict[int, str], int]:
    """Check the step labels; return the JSON of their ``meta`` by position and all characters.

    Raises:
        RecordRefusedError: naming the label and its field.
    """
    metas: dict[int, str] = {}
    size = 0
    n_nodes = len(record.nodes)
    for i, label in enumerate(record.labels):
        where = f"labels[{i}]"
        check_position(label.node, f"{where}.node", n_nodes)
        _check_rating(label, where)
        check_rater(label.rater, where)
        check_integer(label.milliseconds, f"{where}.milliseconds")
        if label.note:
            check_text(label.note, f"{where}.note")
            size += len(label.note)
        if label.meta and (meta := optional_json(label.meta, f"{where}.meta")):
            metas[i] = meta
            size += len(meta)
    return metas, size


def check_spans(record: TreeRecord) -> int:
    """Check the span labels; return the characters of their notes.

    Raises:
        RecordRefusedError: naming the span and its field.
    """
    size = 0
    for i, span in enumerate(record.spans):
        where = f"spans[{i}]"
        check_position(span.first, f"{where}.first", len(record.nodes))
        check_position(span.last, f"{where}.last", len(record.nodes))
        if not is_at_or_below(record.nodes, span.last, span.first):
            raise RecordRefusedError(
                f"{where}: step {span.last} does not follow step {span.first} on one path"
            )
        _check_rating(span, where)
        check_rater(span.rater, where)
        check_integer(span.milliseconds, f"{where}.milliseconds")
        check_text(span.note, f"{where}.note")
        size += len(span.note)
    return size


def check_alternatives(record: TreeRecord) -> tuple[dict[int, str], int]:
    """Check the replacement steps; return the JSON of their ``meta`` and all characters.

    Raises:
        RecordRefusedError: naming the alternative and its field.
    """
    metas: dict[int, str] = {}
    size = 0
    for i, alternative in enumerate(record.alternatives):
        where = f"alternatives[{i}]"
        _check_place(alternative, where, record.nodes)
        check_rater(alternative.rater, where)
        check_text(alternative.text, f"{where}.text")
        size += len(alternative.text)
        if meta := optional_json(alternative.meta, f"{where}.meta"):
            metas[i] = meta
            size += len(meta)
    return metas, size


def check_scores(record: TreeRecord) -> None:
    """Check the model scores that stand in the record.

    Raises:
        RecordRefusedError: naming the scores and their field.
    """
    for i, scores in enumerate(record.scores):
        where = f"scores[{i}]"
        check_model(scores.model, scores.version, where)
        if len(scores.nodes) != len(scores.values):
            raise RecordRefusedError(
                f"{where} has {len(scores.values)} values for {len(scores.nodes)} nodes"
            )
        _check_values(scores, where, len(record.nodes))


def check_model(name: object, version: object, where: str) -> None:
    """Refuse the record if the model of its scores cannot be named.

    Raises:
        RecordRefusedError: naming the field.
    """
    check_name(name, f"{where}.model", MODEL_NAME_LENGTH)
    check_name(version, f"{where}.version")
    if not name:
        raise RecordRefusedError(f"{where}.model is empty: scores need the name of their model")


def check_rater(rater: RaterRecord, where: str) -> None:
    """Refuse the record if its rater is of no known kind or cannot be named.

    Raises:
        RecordRefusedError: naming the field.
    """
    if rater.kind not in RATER_KINDS:
        raise RecordRefusedError(
            f"{where}.rater.kind is {rater.kind!r}; known: {', '.join(RATER_KINDS)}"
        )
    check_name(rater.name, f"{where}.rater.name")
    check_name(rater.version, f"{where}.rater.version", RATER_VERSION_LENGTH)


def check_size(size: int) -> None:
    """Refuse a record whose judgements would not fit in one event.

    Raises:
        RecordRefusedError: naming the limit.
    """
    if size > MAX_TEXT:
        raise RecordRefusedError(
            f"notes and texts of the judgements have {size:,} characters; the limit is {MAX_TEXT:,}"
        )


def _check_rating(label: LabelRecord | SpanLabelRecord, where: str) -> None:
    rating = label.rating
    if rating is not None and (type(rating) is not int or rating not in RATINGS):
        raise RecordRefusedError(f"{where}.rating is {rating!r}; known: -1, 0, 1 and null")
    check_name(label.error_type, f"{where}.error_type")


def _check_place(alternative: AlternativeRecord, where: str, nodes: Sequence[NodeRecord]) -> None:
    if alternative.parent != ROOT:
        check_position(alternative.parent, f"{where}.parent", len(nodes))
    if alternative.replaces is None:
        return
    check_position(alternative.replaces, f"{where}.replaces", len(nodes))
    if nodes[alternative.replaces].parent != alternative.parent:
        raise RecordRefusedError(
            f"{where}.replaces is {alternative.replaces}, which does not follow step "
            f"{alternative.parent}"
        )


def _check_values(scores: ScoreRecord, where: str, n_nodes: int) -> None:
    for i, (node, value) in enumerate(zip(scores.nodes, scores.values, strict=True)):
        check_position(node, f"{where}.nodes[{i}]", n_nodes)
        if type(value) not in (int, float) or not countable(value):
            raise RecordRefusedError(f"{where}.values[{i}] is {value!r}, {flaw(value)}")


def is_at_or_below(nodes: Sequence[NodeRecord], last: int, first: int) -> bool:
    """Say whether step ``last`` is ``first`` or on a path that begins with it."""
    while last > first:
        last = nodes[last].parent
    return last == first


@dataclass(slots=True)
class Repeats:
    """Where one rater judges what will be one step more than once.

    Attributes:
        labels: positions of labels that say again what an earlier one of the step says.
        apart: nodes of a flat record that must not merge with an equal one of the same record,
            because their labels differ: merged, one of the two judgements would be lost.
    """

    labels: set[int] = field(default_factory=set)
    apart: set[int] = field(default_factory=set)


def find_repeats(record: TreeRecord) -> Repeats:
    """Find repeated labels, and equal steps of a flat record that are judged differently.

    Raises:
        RecordRefusedError: the labels of one node contradict each other.
    """
    by_node: dict[int, dict[RaterRecordKey, LabelRecord]] = {}
    repeats = Repeats()
    for position, label in enumerate(record.labels):
        own = by_node.setdefault(label.node, {})
        rater = label.rater
        first = own.setdefault((rater.kind, rater.name, rater.version), label)
        if first is label:
            continue
        if not _same_judgement(first, label):
            raise RecordRefusedError(
                f"labels[{position}]: rater '{rater.name}' judges node {label.node} twice, differently"
            )
        repeats.labels.add(position)
    if record.merge and len(record.traces) > 1:
        _find_shared(record, by_node, repeats)
    return repeats


def _find_shared(
    record: TreeRecord,
    by_node: dict[int, dict[RaterRecordKey, LabelRecord]],
    repeats: Repeats,
) -> None:
    """Walk the record as prefix merge will, and compare the labels that meet on one step."""
    steps: dict[tuple[int, str, str, str, str], int] = {}
    placed: list[int] = []
    repeated: set[tuple[int, RaterRecordKey]] = set()
    for i, node in enumerate(record.nodes):
        parent = placed[node.parent] if node.parent != ROOT else ROOT
        key = (parent, node.text.strip(), node.kind, node.agent, node.level)
        step = steps.setdefault(key, i)
        placed.append(step)
        own = by_node.get(i)
        if step == i or not own:
            continue
        there = by_node.setdefault(step, {})
        if all(_same_judgement(there.get(rater, label), label) for rater, label in own.items()):
            repeated.update((i, rater) for rater in own.keys() & there.keys())
            by_node[step] = own | there
        else:
            placed[i] = i
            repeats.apart.add(i)
    for position, label in enumerate(record.labels):
        rater = label.rater
        if (label.node, (rater.kind, rater.name, rater.version)) in repeated:
            repeats.labels.add(position)


def _same_judgement(first: LabelRecord, second: LabelRecord) -> bool:
    return replace(first, node=second.node) == second
