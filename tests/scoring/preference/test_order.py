"""The first criterion that separates two items beyond its margin decides; failed gates come last."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import RankingError
from scoring.preference.graph import layers, shortest_cycle, strongly_connected
from scoring.preference.order import Verdict, induced_order, rater_order
from scoring.preference.types import Criterion
from tests.scoring.preference.cases import ranking

A, B, C = Criterion("a", "A"), Criterion("b", "B"), Criterion("c", "C")


def verdicts(order):
    return {(v.first, v.second): v for v in order.verdicts}


def scored(criterion, scores):
    tiers = [
        " = ".join(str(i) for i in sorted(scores) if scores[i] == value)
        for value in sorted(set(scores.values()), reverse=True)
    ]
    return ranking(" > ".join(tiers), criterion=criterion, scores=scores)


def test_the_first_criterion_that_separates_decides():
    order = induced_order(
        (A, B), [ranking("1 = 2 > 3", criterion="a"), ranking("3 > 2 > 1", criterion="b")]
    )
    found = verdicts(order)
    assert found[1, 2] == Verdict(1, 2, "win", 2, "b", 1.0, "tiers")
    assert found[1, 3] == Verdict(1, 3, "win", 1, "a", 1.0, "tiers")
    assert found[2, 3] == Verdict(2, 3, "win", 2, "a", 1.0, "tiers")
    assert order.tiers == ((2,), (1,), (3,))
    assert order.transitive
    assert order.note == ""


def test_the_order_of_importance_is_that_of_the_criteria_and_not_of_the_records():
    records = [ranking("1 > 2", criterion="a"), ranking("2 > 1", criterion="b")]
    assert induced_order((A, B), records).tiers == ((1,), (2,))
    assert induced_order((A, B), records[::-1]).tiers == ((1,), (2,))
    assert induced_order((B, A), records).tiers == ((2,), (1,))


def test_a_margin_must_be_exceeded():
    records = [scored("a", {1: 4.0, 2: 3.0}), scored("b", {1: 1.0, 2: 5.0})]
    at = induced_order((replace(A, margin=1.0), B), records)
    assert at.verdicts == (Verdict(1, 2, "win", 2, "b", 4.0, "scores"),)
    under = induced_order((replace(A, margin=0.9), B), records)
    assert under.verdicts == (Verdict(1, 2, "win", 1, "a", 1.0, "scores"),)


def test_a_margin_counts_tiers_where_there_are_no_scores():
    criteria = (replace(A, margin=1),)
    order = induced_order(criteria, [ranking("1 > 2 > 3", criterion="a")])
    assert verdicts(order)[1, 3] == Verdict(1, 3, "win", 1, "a", 2.0, "tiers")
    assert verdicts(order)[1, 2].outcome == verdicts(order)[2, 3].outcome == "tie"
    # 2 is tied with both, which no order of tiers can show
    assert order.tiers == ((1, 2), (3,))
    assert order.split_ties == ((2, 3),)
    assert not order.transitive
    assert "not told apart, yet in different tiers because of other pairs: 2 and 3" in order.note


def test_a_failed_gate_is_last_whatever_else_it_has():
    """The gate is on the least important criterion; item 1 is best on all others."""
    records = [
        ranking("1 > 2 > 3 > 4", criterion="a"),
        ranking("2 > 3 > 1 = 4", criterion="c", failed=(1, 4)),
    ]
    order = induced_order((A, B, replace(C, gate=True)), records)
    assert order.tiers == ((2,), (3,), (1,), (4,))
    assert verdicts(order)[1, 2] == Verdict(1, 2, "win", 2, "c", None, "gate")
    # two failed items are compared further
    assert verdicts(order)[1, 4] == Verdict(1, 4, "win", 1, "a", 3.0, "tiers")
    without = induced_order((A, B, C), records)
    assert without.tiers == ((1,), (2,), (3,), (4,))


def test_the_most_important_failed_gate_is_the_reason():
    gates = (replace(A, gate=True), replace(B, gate=True))
    records = [
        ranking("1 > 2", criterion="a", failed=(1,)),
        ranking("1 > 2", criterion="b", failed=(1,)),
    ]
    (verdict,) = induced_order(gates, records).verdicts
    assert (verdict.winner, verdict.criterion) == (2, "a")


def test_what_cannot_be_compared_is_not_left_to_a_lesser_criterion():
    records = [
        ranking("1 > 2", criterion="a", aside=(3,)),
        ranking("3 > 1 > 2", criterion="b"),
    ]
    order = induced_order((A, B), records)
    assert verdicts(order)[1, 3] == Verdict(1, 3, "cannot compare", criterion="a")
    assert order.tiers == ((1,), (2,))
    assert order.aside == (3,)


def test_a_criterion_without_an_answer_decides_nothing():
    records = [ranking("1 > 2", criterion="b"), ranking("2 > 3", criterion="a")]
    order = induced_order((A, B, C), records)
    assert [(v.winner, v.criterion, v.outcome) for v in order.verdicts] == [
        (2, "a", "win"),  # 2 and 3
        (1, "b", "win"),  # 2 and 1
        (None, "", "cannot compare"),  # 3 and 1 were in no ranking together
    ]
    assert order.tiers == ((1,), (2,), (3,))


def test_margins_can_make_a_circle_and_it_is_said():
    """a: 1 beats 2 by 1.5; within the margin elsewhere. b: 2 beats 3 and 3 beats 1."""
    criteria = (replace(A, margin=1.0), B)
    records = [
        scored("a", {1: 1.5, 2: 0.0, 3: 0.75, 4: -9.0}),
        scored("b", {1: 1.0, 2: 3.0, 3: 2.0, 4: 9.0}),
    ]
    order = induced_order(criteria, records)
    assert set(order.wins) == {(1, 2), (2, 3), (3, 1), (1, 4), (2, 4), (3, 4)}
    assert order.tiers == ((1, 2, 3), (4,))
    assert order.cycles == ((1, 2, 3),)
    assert order.note == "preferred in a circle and therefore shown as tied: 1 > 2 > 3 > 1"


def test_an_overall_ranking_wins_and_contradictions_are_listed():
    records = [
        ranking("1 > 2 > 3", criterion="a"),
        ranking("2 > 1 = 3", criterion=""),
    ]
    both = rater_order((A,), records)
    assert both.source == "overall"
    assert both.order.tiers == ((2,), (1, 3))
    assert both.disagreements == ((2, 1),)
    assert both.induced is not None
    assert both.induced.tiers == ((1,), (2,), (3,))
    alone = rater_order((A,), records[:1])
    assert (alone.source, alone.order, alone.disagreements) == ("criteria", alone.induced, ())
    overall = rater_order((A,), records[1:])
    assert (overall.source, overall.induced) == ("overall", None)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "no ranking"),
        ([ranking("1 > 2", criterion="a")] * 2, "'a' is answered twice"),
        ([ranking("1 > 2", criterion="z")], "no criterion called 'z'; known: a, b"),
        ([ranking("1 > 2")] * 2, "two overall rankings"),
        (
            [ranking("1 > 2", criterion="a"), ranking("1 > 2", criterion="b", rater="bob")],
            "one person's: found 'ann' and 'bob'",
        ),
        (
            [ranking("1 > 2"), ranking("1 > 2", criterion="b", level="step")],
            "one level: found trace and step",
        ),
        ([replace(ranking("1 > 2"), items=(1, 2, 3))], "item 3 is missing"),
    ],
)
def test_answers_that_are_not_one_order_are_refused(records, words):
    with pytest.raises(RankingError, match=words):
        rater_order((A, B), records)


SCORES = st.lists(st.integers(0, 4), min_size=5, max_size=5)


@settings(deadline=None)
@given(SCORES, SCORES, st.sampled_from([0.0, 1.0, 2.0]), st.permutations(range(5)))
def test_any_answers_give_a_sound_order_that_ignores_the_shown_order(first, second, margin, shown):
    criteria = (replace(A, margin=margin), replace(B, margin=margin))
    records = [scored("a", dict(enumerate(first))), scored("b", dict(enumerate(second)))]
    order = induced_order(criteria, records)
    depth = {item: d for d, tier in enumerate(order.tiers) for item in tier}
    assert sorted(depth) == [0, 1, 2, 3, 4]
    assert all(depth[w] <= depth[loser] for w, loser in order.wins)
    if margin == 0:
        expected = sorted(set(zip(first, second, strict=True)), reverse=True)
        assert [{(first[i], second[i]) for i in tier} for tier in order.tiers] == [
            {key} for key in expected
        ]
        assert order.transitive
    again = induced_order(criteria, [replace(r, items=tuple(shown)) for r in records])
    assert set(again.wins) == set(order.wins)
    assert [set(t) for t in again.tiers] == [set(t) for t in order.tiers]


EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=14).map(
    lambda pairs: [(a, b) for a, b in pairs if a != b]
)


@settings(deadline=None)
@given(EDGES)
def test_components_cycles_and_layers_agree_with_reachability(edges):
    nodes = range(6)
    reach = {(a, b) for a, b in edges} | {(n, n) for n in nodes}
    for k in nodes:
        reach |= {(a, b) for a in nodes for b in nodes if (a, k) in reach and (k, b) in reach}
    groups = strongly_connected(nodes, edges)
    place = {node: i for i, group in enumerate(groups) for node in group}
    for a, b in combinations(nodes, 2):
        assert (place[a] == place[b]) == ((a, b) in reach and (b, a) in reach)
        if (a, b) in reach:
            assert place[a] <= place[b]
    for group in groups:
        if len(group) > 1:
            circle = shortest_cycle(group, edges)
            assert set(circle) <= set(group)
            assert len(set(circle)) == len(circle) >= 2
            assert all(e in edges for e in zip(circle, (*circle[1:], circle[0]), strict=True))
    depth = {node: d for d, layer in enumerate(layers(nodes, edges)) for node in layer}
    for a, b in edges:
        assert depth[a] < depth[b] or place[a] == place[b]
