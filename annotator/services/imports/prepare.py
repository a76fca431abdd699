"""A record made ready for COPY: everything that could be refused is found here.

A batch is written by a few COPY statements, so one value that the database refuses would take its
neighbours down. Hence a record is either prepared (and then fits) or refused, whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from annotator.services.imports.content import content_digest
from annotator.services.imports.judgement_checks import (
    check_alternatives,
    check_labels,
    check_scores,
    check_size,
    check_spans,
    find_repeats,
)
from annotator.services.imports.texts import (
    RecordRefusedError,
    check_integer,
    check_name,
    check_number,
    check_position,
    check_text,
    digest,
    is_plain,
    json_text,
    optional_json,
    text_fault,
)
from annotator.services.imports.verdict_checks import check_verdicts
from scoring.types import (
    LEVELS,
    ROOT,
    STEP_KINDS,
    NodeRecord,
    OutcomeRecord,
    ProblemRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

MAX_STEPS = 1_000_000
OUTCOME_NAME_LENGTH = 60
_KINDS = frozenset(STEP_KINDS)
_LEVELS = frozenset(LEVELS)


@dataclass(slots=True)
class Prepared:
    """A tree record that the database will take.

    Attributes:
        record: as the importer yielded it.
        nodes: its nodes with missing states filled in.
        key_hash, problem_key: blake2b-16.
        content: blake2b-16 of what the record says (see ``content.content_digest``).
        meta, problem_meta: JSON texts.
        node_metas: JSON text by node, only where there is one.
        traces: per trace the JSON texts of sampling and meta.
        label_metas, alternative_metas: JSON text by position, only where there is one.
        repeated: positions of labels that only say again what an earlier label of the step says.
        apart: nodes of a flat record that must not merge (see ``judgement_checks.Repeats``).
        weight: characters of text, for the size of a batch.
        has_fields: some step has more than text, kind, agent and level.
    """

    record: TreeRecord
    nodes: Sequence[NodeRecord]
    key_hash: bytes
    problem_key: bytes
    meta: str
    problem_meta: str
    weight: int
    content: bytes = b""
    node_metas: dict[int, str] = field(default_factory=dict)
    traces: list[tuple[str | None, str | None]] = field(default_factory=list)
    label_metas: dict[int, str] = field(default_factory=dict)
    alternative_metas: dict[int, str] = field(default_factory=dict)
    repeated: Set[int] = frozenset()
    apart: Set[int] = frozenset()
    has_fields: bool = False


def prepare(record: TreeRecord) -> Prepared:
    """Check ``record`` and return it ready for COPY.

    Raises:
        RecordRefusedError: naming the field and what is wrong with it.
    """
    check_text(record.key, "key")
    if not record.key:
        raise RecordRefusedError("key is empty: a record needs one to be recognised again")
    check_integer(record.line, "line")
    check_integer(record.record, "record")
    _check_problem(record.problem)
    weight, metas, has_fields = _check_nodes(record.nodes)
    prepared = Prepared(
        record=record,
        nodes=with_states(record.nodes),
        key_hash=digest(record.key),
        problem_key=problem_key(record.problem),
        meta=json_text(record.meta, "meta"),
        problem_meta=json_text(record.problem.meta, "problem.meta"),
        weight=weight + len(record.problem.prompt),
        node_metas=metas,
        has_fields=has_fields,
    )
    n_nodes = len(record.nodes)
    for position, trace in enumerate(record.traces):
        prepared.traces.append(_check_trace(trace, f"traces[{position}]", n_nodes))
    prepared.label_metas, label_size = check_labels(record)
    prepared.alternative_metas, alternative_size = check_alternatives(record)
    check_size(label_size + alternative_size + check_spans(record) + check_verdicts(record))
    check_scores(record)
    if record.labels:
        repeats = find_repeats(record)
        prepared.repeated, prepared.apart = repeats.labels, repeats.apart
    prepared.content = content_digest(record)
    return prepared


def problem_key(problem: ProblemRecord) -> bytes:
    """Return what makes two problems the same: prompt and reference answer."""
    return digest(problem.prompt, problem.reference)


def with_states(nodes: Sequence[NodeRecord]) -> Sequence[NodeRecord]:
    """Return ``nodes`` with each missing state taken from the neighbour that knows it.

    The state before a step is the one after its parent; the state after a step is the one before
    its first child that has one.
    """
    if all(node.state_before is None and node.state_after is None for node in nodes):
        return nodes
    after = [node.state_after for node in nodes]
    for node in reversed(nodes):
        if node.parent != ROOT and after[node.parent] is None:
            after[node.parent] = node.state_before
    before = [
        after[node.parent]
        if node.state_before is None and node.parent != ROOT
        else node.state_before
        for node in nodes
    ]
    return [
        replace(node, state_before=first, state_after=last)
        for node, first, last in zip(nodes, before, after, strict=True)
    ]


def _check_problem(problem: ProblemRecord) -> None:
    check_text(problem.prompt, "problem.prompt")
    check_text(problem.reference, "problem.reference")


def _check_nodes(nodes: Sequence[NodeRecord]) -> tuple[int, dict[int, str], bool]:
    """Check every step.

    Returns:
        The characters of all texts, the JSON of each ``meta``, and whether any step has fields.
    """
    if len(nodes) > MAX_STEPS:
        raise RecordRefusedError(f"nodes: {len(nodes):,} steps; the limit is {MAX_STEPS:,}")
    weight = 0
    has_fields = False
    metas: dict[int, str] = {}
    for i, node in enumerate(nodes):
        text = node.text
        if not is_plain(text) and (fault := text_fault(text)):
            raise RecordRefusedError(f"nodes[{i}].text {fault}")
        weight += len(text)
        if type(node.parent) is not int or not ROOT <= node.parent < i:
            raise RecordRefusedError(
                f"nodes[{i}].parent is {node.parent!r}, not a node before it (or {ROOT}, the problem)"
            )
        if node.kind not in _KINDS:
            raise RecordRefusedError(
                f"nodes[{i}].kind is {node.kind!r}; known: {', '.join(STEP_KINDS)}"
            )
        if node.level not in _LEVELS:
            raise RecordRefusedError(f"nodes[{i}].level is {node.level!r}; known: plan, execute")
        if not _is_bare(node):
            has_fields = True
            _check_details(node, i, len(nodes))
            if node.meta:
                metas[i] = json_text(node.meta, f"nodes[{i}].meta")
    return weight, metas, has_fields


def _is_bare(node: NodeRecord) -> bool:
    """Say whether only text, parent, kind and level are set, as in most flat traces."""
    return (
        node.agent == ""
        and node.caller is None
        and node.state_before is None
        and node.state_after is None
        and node.value is None
        and node.visits is None
        and node.n_tokens is None
        and not node.meta
    )


def _check_details(node: NodeRecord, i: int, n_nodes: int) -> None:
    check_name(node.agent, f"nodes[{i}].agent")
    if node.caller is not None:
        check_position(node.caller, f"nodes[{i}].caller", n_nodes)
    if node.state_before is not None:
        check_text(node.state_before, f"nodes[{i}].state_before")
    if node.state_after is not None:
        check_text(node.state_after, f"nodes[{i}].state_after")
    check_number(node.value, f"nodes[{i}].value")
    check_integer(node.visits, f"nodes[{i}].visits")
    check_integer(node.n_tokens, f"nodes[{i}].n_tokens")


def _check_trace(trace: TraceRecord, where: str, n_nodes: int) -> tuple[str | None, str | None]:
    check_position(trace.end, f"{where}.end", n_nodes)
    if trace.key:
        check_text(trace.key, f"{where}.key")
    if trace.model:
        check_name(trace.model, f"{where}.model")
    names: set[str] = set()
    for outcome in trace.outcomes:
        _check_outcome(outcome, where, names)
    return (
        optional_json(trace.sampling, f"{where}.sampling"),
        optional_json(trace.meta, f"{where}.meta"),
    )


def _check_outcome(outcome: OutcomeRecord, where: str, names: set[str]) -> None:
    name = outcome.name
    if not (is_plain(name) and 0 < len(name) <= OUTCOME_NAME_LENGTH):
        check_name(name, f"{where}.outcomes name", OUTCOME_NAME_LENGTH)
        if not name:
            raise RecordRefusedError(f"{where}.outcomes: an outcome has no name")
    if outcome.source:
        check_name(outcome.source, f"{where}.outcomes source")
    if outcome.value is not None:
        check_number(outcome.value, f"{where}.outcomes '{name}'")
    if name in names:
        raise RecordRefusedError(f"{where}.outcomes: '{name}' is there twice")
    names.add(name)
