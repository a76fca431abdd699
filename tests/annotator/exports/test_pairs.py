"""Which pairs are written: each two texts once, whatever level or judgement speaks."""

from __future__ import annotations

import pytest

from scoring.preference.groups import Group, Judged
from scoring.types import LabelRecord, NodeRecord, OutcomeRecord, TraceRecord
from tests.annotator.exports.data import problem
from tests.annotator.exports.ranked_data import ANN, SOURCE, TREE, order, ranked
from tests.annotator.tree_exports import export, export_rows


@pytest.mark.parametrize("spoken", [[], [(0, 2)], [(0, 1)], [(0, 1), (1, 2), (2, 3)], [(7, 8)]])
def test_groups_leave_out_what_is_decided_elsewhere(spoken):
    values = [0.0, 1.0, 0.5, 1.0]
    group = Group("step", [Judged(at, value, at) for at, value in enumerate(values)], spoken)
    pairs = [tuple(x.item for x in group.pair(n)) for n in range(len(group))]
    expected = {(1, 0), (2, 0), (3, 0), (1, 2), (3, 2)}
    expected -= {pair for a, b in spoken for pair in ((a, b), (b, a))}
    assert set(pairs) == expected
    assert len(pairs) == len(expected)
    assert group.ties == 1


def test_step_pairs_name_the_raters_whose_labels_decide():
    labels = [
        LabelRecord(0, ANN, 1),
        LabelRecord(1, SOURCE, -1),
        LabelRecord(0, SOURCE, -1),
    ]
    found = problem(
        nodes=[NodeRecord("a"), NodeRecord("b")], traces=[], targets=[1.0, 0.0], labels=labels
    )
    (row,) = export_rows("trl_preference", [found])
    assert row["raters"] == ["imported:source", "person:ann"]
    assert (row["decided_by"], row["criterion"], row["margin_unit"]) == (
        "rating",
        "rating",
        "target",
    )


def test_a_branch_runs_to_the_next_fork_and_a_step_is_itself():
    found = problem(
        nodes=TREE,
        traces=[],
        targets=[],
        rankings=[order([0], [4], level="branch"), order([4], [0], level="step")],
    )
    rows = export_rows("trl_preference", [found], separator="|")
    assert [(r["level"], r["prompt"], r["chosen"], r["rejected"]) for r in rows] == [
        ("branch", "p|", "x|y", "w|v"),
        ("step", "p|", "w", "x"),
    ]


#  p ── a · b: two siblings that end traces, so that every level writes the same two texts
def leaves(**changes):
    traces = [
        TraceRecord(at, outcomes=[OutcomeRecord("correct", value)])
        for at, value in enumerate((1.0, 0.0))
    ]
    nodes = [NodeRecord("a"), NodeRecord("b")]
    return problem(**{"nodes": nodes, "traces": traces, "targets": [], **changes})


def told(found, **options):
    report, _ = export("trl_preference", [found], **options)
    rows = export_rows("trl_preference", [found], **options)
    words = [(row["level"], row["decided_by"], row["chosen"]) for row in rows]
    return words, dict(report.excluded)


def test_two_texts_are_compared_once_however_many_levels_speak():
    by_step, by_branch = order([0], [1], level="step"), order([1], [0], level="branch")
    words, left_out = told(leaves(rankings=[by_step, by_branch]))
    assert words == [("step", "ranking", "a")]
    assert left_out == {
        "pair that an earlier judgement turns round": 1,
        "pair that an earlier judgement gives too": 1,
    }


def test_a_rating_of_siblings_comes_before_the_outcome_of_the_same_ends():
    same = "pair that an earlier judgement gives too"
    assert told(leaves(targets=[1.0, 0.0])) == ([("step", "rating", "a")], {same: 1})
    turned = "pair that an earlier judgement turns round"
    assert told(leaves(targets=[0.0, 1.0])) == ([("step", "rating", "b")], {turned: 1})
    # a tie by ranking takes the rating's word away, not the outcome's
    tied = leaves(targets=[0.0, 1.0], rankings=[order([0, 1], level="step")])
    assert told(tied) == ([("trace", "outcome", "a")], {"tie": 1})


@pytest.mark.parametrize(
    ("level", "word"),
    [
        ("step", ("step", "rating", "b")),
        ("branch", ("branch", "ranking", "a")),
        ("trace", ("trace", "outcome", "a")),
    ],
)
def test_one_level_alone_is_whole(level, word):
    found = leaves(targets=[0.0, 1.0], rankings=[order([0], [1], level="branch")])
    assert told(found, level=level) == ([word], {})


def test_the_lca_depth_is_what_both_share():
    rankings = [order([3], [2], level="step", parent=1)]
    found = problem(nodes=TREE, traces=[], targets=[], rankings=rankings)
    (row,) = export_rows("trl_preference", [found], separator="|")
    assert (row["prompt"], row["chosen"], row["lca_depth"]) == ("p|x|y|", "z2", 2)


def test_the_limit_per_problem_counts_what_it_drops():
    report, _ = export("trl_preference", [ranked(order([0], [1], [2]))], max_per_problem=2)
    assert (report.rows, report.excluded) == (2, {"pair over the limit per problem": 1})


def test_an_empty_text_is_no_answer_to_learn_from():
    nodes = [NodeRecord("a"), NodeRecord(" ")]
    found = ranked(order([0], [1]), traces=2, nodes=nodes)
    report, _ = export("trl_preference", [found])
    assert report.excluded == {"pair with an empty text": 1}
