"""What an exporter takes: one problem at a time, complete, as plain records.

Positions are indexes into ``nodes``, which are in pre-order (a parent before its children, a subtree
in one run); -1 is the problem itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scoring.preference.types import DEFAULT_CRITERIA, Criterion
from scoring.training.targets import Rules
from scoring.types import (
    ROOT,
    AdjudicationRecord,
    AlternativeRecord,
    CommentRecord,
    LabelRecord,
    NodeRecord,
    ProblemRecord,
    RankingRecord,
    ScoreRecord,
    SpanLabelRecord,
    SubmissionRecord,
    TraceRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# A split names files and dataset splits; nothing else may get into a path.
_SPLIT = re.compile(r"\w+", re.ASCII)

# Where the importer of ``tracewood`` keeps the slices of a line, in the meta of its record.
SLICES_META = "tracewood.sources"


@dataclass(frozen=True, slots=True)
class SourceSlice:
    """The parts of a problem that one imported record brought, each in the order of that record.

    Attributes:
        format: key of the importer.
        key: key of the record.
        meta: its ``TreeRecord.meta``.
        nodes: position in ``ExportProblem.nodes`` of each node of the record.
        traces: position of each of its traces.
        labels: position of each of its labels.
        alternatives: position of each of its alternatives.
    """

    format: str
    key: str
    meta: dict[str, Any] = field(default_factory=dict)
    nodes: Sequence[int] = ()
    traces: Sequence[int] = ()
    labels: Sequence[int] = ()
    alternatives: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class ExportProblem:
    """A problem with its tree and everything said about it.

    Attributes:
        id: stable identifier of the problem.
        project: name of the project, untrusted text.
        split: ``train``, ``test`` …; a problem is in one split as a whole.
        labels: of all raters that the snapshot takes, oldest first.
        targets: per node the aggregated target in [0, 1] under the snapshot's rules, None = none.
        ratings: per node the aggregated rating -1, 0, +1, None = none.
        weights: per node how much its target counts (``per_rater``: how many raters made it), empty
            = 1 each.
        criteria: the project's when the snapshot was made, the most important first.
        rules: how labels became ``targets``.
    """

    id: str
    project: str
    split: str
    problem: ProblemRecord
    nodes: Sequence[NodeRecord]
    traces: Sequence[TraceRecord]
    labels: Sequence[LabelRecord] = ()
    spans: Sequence[SpanLabelRecord] = ()
    alternatives: Sequence[AlternativeRecord] = ()
    scores: Sequence[ScoreRecord] = ()
    sources: Sequence[SourceSlice] = ()
    targets: Sequence[float | None] = ()
    ratings: Sequence[int | None] = ()
    weights: Sequence[float] = ()
    rankings: Sequence[RankingRecord] = ()
    submissions: Sequence[SubmissionRecord] = ()
    comments: Sequence[CommentRecord] = ()
    adjudications: Sequence[AdjudicationRecord] = ()
    criteria: Sequence[Criterion] = DEFAULT_CRITERIA
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if not _SPLIT.fullmatch(self.split):
            raise ValueError(f"a split is named by letters, digits and _, not '{self.split}'")

    def target(self, node: int) -> float | None:
        """Return the target of a node, None if targets were not computed."""
        return self.targets[node] if self.targets else None

    def rating(self, node: int) -> int | None:
        """Return the aggregated rating of a node, None if ratings were not computed."""
        return self.ratings[node] if self.ratings else None


def path_to(nodes: Sequence[NodeRecord], end: int) -> list[int]:
    """Return the positions from the first step to ``end``."""
    path = []
    while end != ROOT:
        path.append(end)
        end = nodes[end].parent
    path.reverse()
    return path


def judged_once(
    labels: Sequence[LabelRecord],
) -> tuple[dict[int, LabelRecord], list[LabelRecord]]:
    """Return the labels that are alone on their node, by node, and all others in their order.

    Most steps are judged once; what holds of them needs no aggregation.
    """
    seen: dict[int, LabelRecord | None] = {}
    for label in labels:
        seen[label.node] = None if label.node in seen else label
    once = {node: label for node, label in seen.items() if label is not None}
    several = [] if len(once) == len(labels) else [x for x in labels if seen[x.node] is None]
    return once, several


def children_of(nodes: Sequence[NodeRecord]) -> dict[int, list[int]]:
    """Return the positions of the children of each inner node, and of the problem under -1."""
    children: dict[int, list[int]] = {}
    for at, node in enumerate(nodes):
        children.setdefault(node.parent, []).append(at)
    return children


def flat_sources(problem: ExportProblem) -> list[SourceSlice]:
    """Return the slices, with those inside a ``tracewood`` record in the place of that record."""
    flat: list[SourceSlice] = []
    for source in problem.sources:
        inner = source.meta.get(SLICES_META) if source.format == "tracewood" else None
        if inner is None:
            flat.append(source)
            continue
        flat += [
            SourceSlice(
                item["format"],
                item["key"],
                item.get("meta", {}),
                [source.nodes[i] for i in item["nodes"]],
                [source.traces[i] for i in item["traces"]],
                [source.labels[i] for i in item["labels"]],
                [source.alternatives[i] for i in item["alternatives"]],
            )
            for item in inner
        ]
    return flat
