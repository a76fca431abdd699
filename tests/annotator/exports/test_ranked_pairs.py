"""Rankings become pairs in one way, checked by hand: criteria, raters, final decisions."""

from __future__ import annotations

from dataclasses import replace

from annotator.exporters.comparisons import Pairs
from annotator.exporters.ranked import Decided, decided_pairs
from scoring.training.targets import Rules
from scoring.types import NodeRecord, OutcomeRecord, RaterRecord, TraceRecord
from tests.annotator.exports.ranked_data import REV, SOURCE, decision, order, ranked
from tests.annotator.tree_exports import export_rows

BOB = RaterRecord("person", "bob")


def wins(found):
    pairs = Pairs(found, "correct")
    return [(pairs[i].better.item, pairs[i].worse.item) for i in range(len(pairs))]


def excluded(found):
    return {reason: n for reason, n in Pairs(found, "correct").excluded.items() if n}


def test_tiers_give_pairs_and_ties_are_counted():
    found = ranked(order([1], [0, 2]))
    assert wins(found) == [(1, 0), (1, 2)]
    assert excluded(found) == {"tie": 1}


def test_items_set_aside_are_not_compared():
    found = ranked(order([1], [0], aside=[2]))
    assert wins(found) == [(1, 0)]
    assert excluded(found) == {"cannot compare": 2}


def test_the_first_criterion_beyond_its_margin_decides():
    # right: 0 and 1 are closer than the margin, so clear decides; 2 is far behind on right
    found = ranked(
        order([0], [1], [2], criterion="right", scores={0: 2.0, 1: 1.75, 2: 0.0}),
        order([2], [1], [0], criterion="clear"),
    )
    decided, _ = decided_pairs(found)
    assert decided["trace", 0, 1] == Decided(
        "win", 1, 0, "clear", 1.0, "tiers", ("person:ann",), False
    )
    assert decided["trace", 0, 2] == Decided(
        "win", 0, 2, "right", 2.0, "scores", ("person:ann",), False
    )
    assert decided["trace", 1, 2].by == 1.75


def test_a_failed_gate_puts_an_item_last():
    found = ranked(order([0], [1, 2], criterion="right", failed=[0]))
    decided, _ = decided_pairs(found)
    assert decided["trace", 0, 1] == Decided(
        "win", 1, 0, "right", None, "gate", ("person:ann",), False
    )
    rows = {
        (r["chosen"], r["margin"], r["margin_unit"])
        for r in export_rows("trl_preference", [found], margin="yes")
    }
    assert rows == {("t1", 1.0, "gate"), ("t2", 1.0, "gate")}


def test_the_majority_of_raters_decides_and_an_even_split_does_not():
    rankings = [
        order([0], [1], [2]),
        order([0], [2], [1], rater=BOB),
        order([1], [0], [2], rater=REV),
    ]
    assert wins(ranked(*rankings)) == [(0, 1), (0, 2), (1, 2)]
    decided, _ = decided_pairs(ranked(*rankings))
    assert decided["trace", 0, 1].raters == ("person:ann", "person:bob")
    found = ranked(*rankings[:2])
    assert wins(found) == [(0, 1), (0, 2)]
    assert excluded(found) == {"raters split evenly": 1}


def test_with_latest_the_last_rater_decides():
    rankings = [order([0], [1]), order([0], [1], rater=BOB), order([1], [0], rater=REV)]
    assert wins(ranked(*rankings, traces=2, rules=Rules(aggregate="latest"))) == [(1, 0)]


def test_the_last_rater_is_who_answered_last_on_any_criterion():
    rankings = [
        order([0], [1], criterion="right"),
        order([1], [0], criterion="right", rater=BOB),
        order([0], [1], criterion="clear"),
    ]
    assert wins(ranked(*rankings, traces=2, rules=Rules(aggregate="latest"))) == [(0, 1)]


def test_persons_outrank_the_source():
    rankings = [
        order([0], [1], [2], rater=SOURCE),
        order([0], [1], [2], rater=RaterRecord("imported", "other")),
        order([1], [0]),
    ]
    assert wins(ranked(*rankings)) == [(1, 0), (0, 2), (1, 2)]


def test_one_rater_may_compare_pair_by_pair_even_in_a_circle():
    circle = [order([0], [1]), order([1], [2]), order([2], [0])]
    assert sorted(wins(ranked(*circle))) == [(0, 1), (1, 2), (2, 0)]


def test_a_ranking_under_a_criterion_that_is_gone_takes_no_part():
    found = ranked(order([0], [1], criterion="smell"))
    assert wins(found) == []
    assert excluded(found) == {"ranking under a criterion that is not asked for": 1}


def test_a_final_decision_comes_first_and_outranks_everybody():
    rankings = [order([0], [1], [2]), order([0], [1], [2], rater=BOB)]
    found = ranked(*rankings, adjudications=[decision([2], [0, 1])])
    assert wins(found) == [(2, 0), (2, 1)]
    assert excluded(found) == {"tie": 1}
    rows = export_rows("trl_preference", [found])
    assert {(r["decided_by"], tuple(r["raters"])) for r in rows} == {
        ("adjudication", ("person:rev",))
    }


def test_a_final_decision_on_one_criterion_leaves_the_others_to_the_raters():
    rankings = [
        order([0], [1], criterion="right"),
        order([1], [0], criterion="clear"),
    ]
    found = ranked(*rankings, traces=2, adjudications=[decision([0, 1], criterion="right")])
    decided, _ = decided_pairs(found)
    assert decided["trace", 0, 1] == Decided(
        "win", 1, 0, "clear", 1.0, "tiers", ("person:ann",), False
    )
    turned = ranked(*rankings, traces=2, adjudications=[decision([1], [0], criterion="right")])
    decided, _ = decided_pairs(turned)
    assert (decided["trace", 0, 1].winner, decided["trace", 0, 1].final) == (1, True)


def test_a_decision_out_of_a_file_binds_no_person_of_the_project():
    adjudications = [decision([1], [0], rater=SOURCE)]
    assert wins(ranked(order([0], [1]), traces=2, adjudications=adjudications)) == [(0, 1)]
    source = order([0], [1], rater=RaterRecord("imported", "x"))
    assert wins(ranked(source, traces=2, adjudications=adjudications)) == [(1, 0)]


def test_what_a_ranking_says_is_taken_from_no_outcome():
    traces = [
        TraceRecord(at, outcomes=[OutcomeRecord("correct", value, "check")])
        for at, value in enumerate((1.0, 0.0, 0.0))
    ]
    found = ranked(order([1], [0]), nodes=[NodeRecord(f"t{at}") for at in range(3)])
    found = replace(found, traces=traces)
    assert wins(found) == [(1, 0), (0, 2)]
    assert excluded(found) == {"tie": 1}
    first, second = export_rows("trl_preference", [found])
    assert (first["decided_by"], first["criterion"], first["raters"]) == (
        "ranking", "overall", ["person:ann"],
    )  # fmt: skip
    assert (second["decided_by"], second["criterion"], second["raters"]) == (
        "outcome", "correct", ["check"],
    )  # fmt: skip
