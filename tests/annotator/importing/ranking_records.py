"""Records with rankings, as an importer hands them on."""

from __future__ import annotations

from scoring.types import (
    AdjudicationRecord,
    CommentRecord,
    NodeRecord,
    ProblemRecord,
    RankingRecord,
    RaterRecord,
    SubmissionRecord,
    TraceRecord,
    TreeRecord,
)

ANN = RaterRecord("imported", "ann")


BOB = RaterRecord("imported", "bob")


def record(key="k", **said):
    """a ── b, a ── c; two traces end in b and c."""
    return TreeRecord(
        key=key,
        problem=ProblemRecord("p"),
        nodes=[NodeRecord("a"), NodeRecord("b", 0), NodeRecord("c", 0)],
        traces=[TraceRecord(1, "one"), TraceRecord(2, "two")],
        merge=False,
        **said,
    )


def everything():
    return record(
        rankings=[
            RankingRecord("branch", [[1]], ANN, parent=0, aside=[2]),
            RankingRecord("trace", [[0], [1]], ANN, scores={0: 2, 1: 1}, criterion="clarity"),
            RankingRecord("trace", [[1], [0]], ANN, criterion="clarity"),
        ],
        submissions=[SubmissionRecord(0, ANN, "solution", "s", 5), SubmissionRecord(None, BOB, "give_up")],
        comments=[
            CommentRecord("comment", "why?", ANN, node=1, created="2025-01-02T03:04:05+00:00"),
            CommentRecord("comment", "so", BOB, node=1, answers=0, resolved="2025-01-03T00:00:00+00:00", resolution="ok"),
        ],
        adjudications=[
            AdjudicationRecord(BOB, {"rating": -1, "error_type": "logic"}, "wrong", node=2, blind={"rating": 0}),
            AdjudicationRecord(BOB, {"tiers": [[1], [0]], "scores": {1: 3, 0: 1}}, "c leads", level="trace"),
            AdjudicationRecord(BOB, {"rating": 0, "error_type": "logic"}, "a move", level="span", run=(0, 2), blind={"rating": 1}),
        ],
    )  # fmt: skip
