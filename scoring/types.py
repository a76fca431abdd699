"""Plain records that cross package borders: what importers yield and exporters take.

Nothing here knows a database, a file format or a tensor. Positions (``node``, ``parent``,
``end``) are indexes into the ``nodes`` of the same record; -1 is the problem itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

StepKind = Literal["thought", "action", "observation", "plan", "answer"]
STEP_KINDS: tuple[StepKind, ...] = ("thought", "action", "observation", "plan", "answer")
LEVELS = ("", "plan", "execute")
RATER_KINDS = ("person", "imported", "machine", "model")
RATINGS = (-1, 0, 1)
ROOT = -1
SOLVED_ABOVE = 0.5
"""A trace is counted as solved, and exported as right, if its outcome is above this."""


@dataclass(slots=True)
class ProblemRecord:
    """A task with its reference answer; equal ``prompt`` and ``reference`` = the same problem."""

    prompt: str
    reference: str = ""
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class NodeRecord:
    """One step. ``parent`` comes before it in the list; ``caller`` is the step that called it."""

    text: str
    parent: int = ROOT
    kind: str = "thought"
    agent: str = ""
    level: str = ""
    caller: int | None = None
    state_before: str | None = None
    state_after: str | None = None
    value: float | None = None
    visits: int | None = None
    n_tokens: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class OutcomeRecord:
    """A named result of a whole trace; ``value`` None = unknown, never 0."""

    name: str
    value: float | None
    source: str = ""


@dataclass(slots=True)
class TraceRecord:
    """A path from the problem to ``end``, with where it came from.

    ``key`` is unique within the import format and lets later files (score rows) find the trace.
    """

    end: int
    key: str = ""
    model: str = ""
    sampling: dict[str, Any] = field(default_factory=dict)
    outcomes: list[OutcomeRecord] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RaterRecord:
    """Who judged. ``person`` never comes out of a foreign file: a labeler id there is ``imported``."""

    kind: str
    name: str
    version: str = ""


@dataclass(slots=True)
class LabelRecord:
    """A judgement of one step: ``rating`` -1, 0, +1 or None (seen, not rated; not the same as 0).

    ``adjudicated``: it is a reviewer's final decision. No importer sets it.
    """

    node: int
    rater: RaterRecord
    rating: int | None
    unsure: bool = False
    error_type: str = ""
    realises_error: bool = False
    note: str = ""
    milliseconds: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    adjudicated: bool = False


@dataclass(slots=True)
class SpanLabelRecord:
    """A judgement of consecutive steps ``first`` … ``last`` (``last`` below ``first``) as one unit."""

    first: int
    last: int
    rater: RaterRecord
    rating: int | None
    error_type: str = ""
    note: str = ""
    milliseconds: int | None = None


@dataclass(slots=True)
class AlternativeRecord:
    """A replacement written for the step after ``parent`` (``replaces``: the step it stands for)."""

    parent: int
    text: str
    rater: RaterRecord
    replaces: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RankingRecord:
    """The order that one rater gave to items under one criterion ("" = overall).

    Items are positions: into ``nodes`` for the levels ``step`` and ``branch`` (children of
    ``parent``), into ``traces`` for the level ``trace``. Each stands once in ``tiers`` or ``aside``.

    Attributes:
        tiers: best first; items of one tier are tied.
        aside: items that the rater could not compare with the others.
        failed: items that fail the criterion's gate.
        shown: order on the screen, [] = unknown.
        scores: item to value where the source rated on a scale, higher is better.
    """

    level: str
    tiers: list[list[int]]
    rater: RaterRecord
    parent: int = ROOT
    criterion: str = ""
    aside: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    scores: dict[int, float] | None = None
    note: str = ""
    milliseconds: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def items(self) -> list[int]:
        """Every item once: in the order shown, else best first."""
        return list(self.shown) or [item for tier in [*self.tiers, self.aside] for item in tier]


@dataclass(slots=True)
class SubmissionRecord:
    """How a rater ended the judging of a trace (None = of the problem as a whole)."""

    trace: int | None
    rater: RaterRecord
    reason: str
    note: str = ""
    milliseconds: int | None = None


@dataclass(slots=True)
class CommentRecord:
    """A remark on a step, on a trace or (both None) on the problem.

    ``answers`` is the position of an earlier comment; times are ISO 8601 texts with their zone.
    """

    kind: str
    text: str
    rater: RaterRecord
    node: int | None = None
    trace: int | None = None
    answers: int | None = None
    created: str | None = None
    resolved: str | None = None
    resolution: str = ""


@dataclass(slots=True)
class AdjudicationRecord:
    """A final decision on a step (``node``), on a run of steps (``run``) or on a ranking (neither).

    Attributes:
        run: first and last step, the last at or below the first; ``level`` is then ``span``.
        decision: of a step or run: ``rating``, ``error_type`` …; of a ranking: a ``RankingRecord``'s
            ``tiers``, ``aside``, ``failed`` …, with items as positions.
        blind: what the reviewer said before seeing the others, in the layout of ``decision``.
    """

    rater: RaterRecord
    decision: dict[str, Any]
    reason: str
    node: int | None = None
    level: str = ""
    parent: int = ROOT
    criterion: str = ""
    blind: dict[str, Any] | None = None
    run: tuple[int, int] | None = None

    @property
    def of_ranking(self) -> bool:
        """Say whether an order was decided, not a rating."""
        return self.node is None and self.run is None


@dataclass(slots=True)
class ScoreRecord:
    """Scores of one model for nodes of the record; ``nodes`` and ``values`` have equal length."""

    model: str
    nodes: list[int]
    values: list[float]
    version: str = ""


@dataclass(slots=True)
class TreeRecord:
    """One record of a file: a problem, steps below it, and everything said about them.

    Attributes:
        key: unique within format and project; importing it again adds nothing.
        merge: True for flat traces, whose shared prefixes become shared steps; False where the
            source gives the tree, which is then kept node by node, equal siblings included.
        line: 1-based line of the file, None where the format has no lines.
        record: 0-based position in the file.
        warnings: sentences about values that were kept as missing.
    """

    key: str
    problem: ProblemRecord
    nodes: list[NodeRecord]
    traces: list[TraceRecord]
    merge: bool
    labels: list[LabelRecord] = field(default_factory=list)
    spans: list[SpanLabelRecord] = field(default_factory=list)
    alternatives: list[AlternativeRecord] = field(default_factory=list)
    scores: list[ScoreRecord] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    line: int | None = None
    record: int = 0
    warnings: list[str] = field(default_factory=list)
    rankings: list[RankingRecord] = field(default_factory=list)
    submissions: list[SubmissionRecord] = field(default_factory=list)
    comments: list[CommentRecord] = field(default_factory=list)
    adjudications: list[AdjudicationRecord] = field(default_factory=list)


@dataclass(slots=True)
class TraceScoresRecord:
    """Step scores for a trace that was imported before, found by format and trace key.

    ``values`` has one score in [0, 1] per step of the trace, in order.
    """

    key: str
    trace_format: str
    trace_key: str
    model: str
    values: list[float]
    version: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    line: int | None = None
    record: int = 0


@dataclass(slots=True)
class TraceRankingsRecord:
    """Rankings of traces that were imported before, found by format and trace key.

    Attributes:
        rankings: of level ``trace``; items are positions in ``trace_keys``. A rater without a name
            is called after the file: a rating sheet does not say who filled it in.
    """

    key: str
    trace_format: str
    trace_keys: list[str]
    rankings: list[RankingRecord]
    meta: dict[str, Any] = field(default_factory=dict)
    line: int | None = None
    record: int = 0


@dataclass(slots=True)
class Rejected:
    """A record that could not be used, with the place and a sentence that names the field."""

    reason: str
    line: int | None = None
    record: int | None = None


ImportItem = TreeRecord | TraceScoresRecord | TraceRankingsRecord | Rejected
