"""Ranked problems, written by hand."""

from __future__ import annotations

from scoring.preference.types import Criterion
from scoring.types import AdjudicationRecord, NodeRecord, RankingRecord, RaterRecord, TraceRecord
from tests.annotator.exports.data import problem

ANN = RaterRecord("person", "ann")
REV = RaterRecord("person", "rev")
SOURCE = RaterRecord("imported", "source")
CRITERIA = (Criterion("right", "Right", margin=0.5, gate=True), Criterion("clear", "Clear"))


def order(*tiers, rater=ANN, level="trace", criterion="", **more):
    return RankingRecord(level, [list(t) for t in tiers], rater, criterion=criterion, **more)


def ranked(*rankings, traces=3, **changes):
    """A problem of one-step traces "t0", "t1" … without targets or outcomes."""
    nodes = [NodeRecord(f"t{at}") for at in range(traces)]
    fields = {
        "nodes": nodes,
        "traces": [TraceRecord(at, model=f"m{at}") for at in range(traces)],
        "targets": [],
        "rankings": list(rankings),
        "criteria": CRITERIA,
    }
    return problem(**{**fields, **changes})


def decision(*tiers, rater=REV, criterion="", **state):
    return AdjudicationRecord(
        rater,
        {"tiers": [list(t) for t in tiers], **state},
        "why",
        level="trace",
        criterion=criterion,
    )


#      x ── y ── z
#   p ─┤    └─── (end of the run: y forks)
#      w ── v
TREE = [
    NodeRecord("x"),
    NodeRecord("y", 0),
    NodeRecord("z", 1),
    NodeRecord("z2", 1),
    NodeRecord("w"),
    NodeRecord("v", 4),
]
