"""Whole rankings under a snapshot's rules: whose orders count, how much, and what stands for them."""

from __future__ import annotations

from annotator.exporters.ranked import whole_rankings
from scoring.training.targets import Rules
from scoring.types import RaterRecord
from tests.annotator.exports.ranked_data import SOURCE, decision, order, ranked

BOB = RaterRecord("person", "bob")


def orders(*rankings, **changes):
    return [(r.tiers, r.weight) for r in whole_rankings(ranked(*rankings, **changes))]


def test_the_orders_of_a_place_count_one_together_unless_every_rater_counts():
    both = order([0], [1], [2]), order([2], [0, 1], rater=BOB)
    tiers = ((0,), (1,), (2,)), ((2,), (0, 1))
    assert orders(*both) == [(tiers[0], 0.5), (tiers[1], 0.5)]
    assert orders(*both, rules=Rules(aggregate="per_rater")) == [(tiers[0], 1.0), (tiers[1], 1.0)]
    assert orders(*both, rules=Rules(aggregate="latest")) == [(tiers[1], 1.0)]


def test_only_the_highest_kind_of_raters_counts():
    assert orders(order([0], [1], [2], rater=SOURCE), order([1], [0], [2])) == [
        (((1,), (0,), (2,)), 1.0)
    ]


def test_criteria_induce_one_order_and_an_overall_one_wins():
    by_criterion = (
        order([0, 1], [2], criterion="right"),
        order([1], [0], [2], criterion="clear"),
    )
    assert orders(*by_criterion) == [(((1,), (0,), (2,)), 1.0)]
    assert orders(*by_criterion, order([2], [1], [0])) == [(((2,), (1,), (0,)), 1.0)]


def test_a_final_order_speaks_alone_and_set_aside_items_are_left_out():
    found = orders(order([0], [1], [2]), adjudications=[decision([2], [0], aside=[1])])
    assert found == [(((2,), (0,)), 1.0)]


def test_a_rater_who_answered_twice_stands_by_the_later_order():
    assert orders(order([0], [1], [2]), order([1], [0], [2])) == [(((1,), (0,), (2,)), 1.0)]


def test_nothing_comparable_is_no_ranking():
    assert orders(order([0], aside=[1, 2])) == []
    assert list(whole_rankings(ranked())) == []
