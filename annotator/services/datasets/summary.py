"""What a snapshot says of its content: counts, what was left out and why, and its hash."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from annotator.exporters.comparisons import Pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.exporters.records import ExportProblem
    from scoring.types import LabelRecord

HASHED_RULES = ("aggregate", "criteria", "neutral", "rank", "rater_kinds", "splits")


class Summary:
    """Counts and hashes a snapshot's problems as they are read back."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        self.numbers: Counter[str] = Counter(problems=0, traces=0, steps=0, labels=0, pairs=0)
        self.excluded: Counter[str] = Counter()
        self.digests: list[bytes] = []

    def add(self, problem: ExportProblem) -> None:
        """Take in one problem."""
        self.digests.append(hashlib.sha256(content_of(problem)).digest())
        self.numbers["problems"] += 1
        self.numbers["traces"] += len(problem.traces)
        self.numbers["steps"] += len(problem.nodes)
        self.numbers["labels"] += len(problem.labels) + len(problem.spans)
        self.numbers["pairs"] += len(Pairs(problem, self.outcome))
        rated: dict[int, set[str]] = {}
        for label in problem.labels:
            if label.adjudicated and label.rater.kind == "person":  # stands alone, and comes last
                rated[label.node] = set()
            rated.setdefault(label.node, set()).add(_state(label))
        for at, states in rated.items():
            if problem.targets[at] is None:
                self.excluded[_reason(states, problem.ratings[at])] += 1

    def hash(self, rules: Mapping[str, Any]) -> str:
        """Return the hash of rules and content; equal content in any order of ids is equal."""
        digest = hashlib.sha256(_canonical({name: rules[name] for name in HASHED_RULES}))
        for item in sorted(self.digests):
            digest.update(item)
        return digest.hexdigest()

    def counts(self) -> dict[str, Any]:
        """Return the counts of §4, reasons of what was left out among them."""
        return {**self.numbers, "excluded": {k: v for k, v in self.excluded.items() if v}}


def _state(label: LabelRecord) -> str:
    if label.unsure:
        return "unsure"
    return "unrated" if label.rating is None else "rated"


def _reason(states: set[str], rating: int | None) -> str:
    """Say why a step with labels in these states has no target."""
    if rating is not None:
        return "neutral step"
    if "rated" in states:
        return "tied step"
    return "unsure step" if "unsure" in states else "unrated step"


def content_of(problem: ExportProblem) -> bytes:
    """Return a problem as canonical JSON: everything frozen, by position, without row ids."""
    return _canonical(
        [
            problem.id,
            problem.split,
            problem.problem,
            problem.nodes,
            problem.traces,
            problem.labels,
            problem.spans,
            problem.alternatives,
            problem.scores,
            problem.rankings,
            problem.submissions,
            problem.comments,
            problem.adjudications,
        ]
    )


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
