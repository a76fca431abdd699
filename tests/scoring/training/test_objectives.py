"""Which loss units a tree has, by objective; what is refused, with the way out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import TrainingError
from scoring.training.dataset import Ranked, RankedPair, Ranking, TrainingTree, data_hash
from scoring.training.objectives.registry import OBJECTIVES, objective
from scoring.training.objectives.signal_pairs import nth_pair, signals
from scoring.training.objectives.tree_pairs import implied
from scoring.tree import Tree
from tests.scoring.training.compared_data import answers, config


def tree(*, ranked=None):
    """Problem → 1 → (2, 3); problem → 4: outcomes 1, 0 and 0.5 (two traces), values, step labels."""
    records = [
        {"id": 0, "parent": None, "text": "", "outcome": []},
        {"id": 1, "parent": 0, "text": "a", "outcome": [], "value": 0.6},
        {"id": 2, "parent": 1, "text": "b", "outcome": [1.0], "value": 0.9},
        {"id": 3, "parent": 1, "text": "c", "outcome": [0.0], "value": 0.2},
        {"id": 4, "parent": 0, "text": "d", "outcome": [1.0, 0.0], "value": 0.5},
    ]
    targets = np.array([np.nan, 1.0, 1.0, 0.0, np.nan])
    return TrainingTree("p", "P", Tree.from_records(records), targets, ranked=ranked or Ranked())


def pairs(kind, item, **settings):
    units = objective(config(kind, **settings), [item]).units(item)
    return [
        (a, b, round(q, 3), depth)
        for a, b, q, depth in zip(
            units.first.tolist(),
            units.second.tolist(),
            units.preference.tolist(),
            units.depth.tolist(),
            strict=True,
        )
    ]


def test_an_outcome_model_learns_at_the_ends_of_traces_only():
    units = objective(config("orm")).units(tree())
    assert units.place.tolist() == [2, 3, 4]
    assert units.values.tolist() == [1.0, 0.0, 0.5]


def test_what_no_ranking_speaks_about_is_compared_by_labels_and_outcomes():
    """Siblings 2 and 3 by label; the traces at 2, 3, 4 and 4 by outcome, equal ones not at all."""
    found = pairs("bradley_terry", tree())
    assert sorted(set(found)) == [(2, 3, 1.0, 1), (2, 4, 1.0, 0), (4, 3, 1.0, 0), (4, 4, 1.0, 1)]


def test_traces_of_one_node_with_two_outcomes_are_counted_as_equal_texts():
    units = objective(config("bradley_terry")).units(tree())
    told, repeated = units.told_apart(np.arange(5))
    assert (len(units), len(told), repeated) == (5, 4, 1)


def test_rankings_come_first_and_silence_labels_and_outcomes_about_their_pairs():
    ranked = Ranked(
        (RankedPair("step", 3, 2, distance=2.0), RankedPair("trace", 2, 4, tie=True)),
        spoken=(("step", 2, 3), ("trace", 0, 2)),
    )
    assert pairs("bradley_terry", tree(ranked=ranked), pairs="rankings") == [
        (3, 2, 1.0, 1),
        (2, 4, 0.5, 0),
    ]
    everything = pairs("bt_ties", tree(ranked=ranked))
    assert everything[:2] == [(3, 2, 1.0, 1), (2, 4, 0.5, 0)]
    assert (2, 3, 1.0, 1) in everything, "the traces through them are another question"
    assert everything.count((2, 3, 1.0, 1)) == 1


def test_pairs_inside_a_tree_carry_their_common_steps_and_weigh_by_them():
    assert sorted(pairs("tree_preference", tree())) == [
        (2, 3, 1.0, 1),
        (2, 4, 1.0, 0),
        (4, 3, 1.0, 0),
    ]
    weighted = objective(config("tree_preference", depth_power="2")).units(tree())
    found = dict(zip(weighted.depth.tolist(), weighted.weights.tolist(), strict=True))
    assert found == {0: 1.0, 1: 4.0}


def test_steps_of_one_depth_are_compared_by_the_outcomes_below_them_or_by_search_values():
    by_outcome = pairs("tree_preference", tree(), pairs="depth")
    assert by_outcome == [(2, 3, 1.0, 1)], "at depth 1 both came out right half the time"
    by_value = pairs("tree_preference", tree(), pairs="depth", grade="value")
    assert sorted(by_value) == [(1, 4, 1.0, 0), (2, 3, 1.0, 1)]


def test_soft_preferences_are_what_two_values_imply():
    assert implied(0.9, 0.2) == pytest.approx(0.9 * 0.8 / (0.9 * 0.8 + 0.2 * 0.1))
    assert implied(1.0, 0.3) == 1.0
    (found,) = pairs("tree_preference", tree(), pairs="depth", grade="value", preference="soft")[1:]
    assert found == (2, 3, round(implied(0.9, 0.2), 3), 1)


def test_signals_of_traces_are_the_written_ones():
    found = signals(tree(), np.array([2, 3, 4]))
    np.testing.assert_allclose(found["outcome"], [1.0, 0.0, 0.5])
    np.testing.assert_allclose(found["first_error"], [1.0, 0.5, np.nan])
    np.testing.assert_allclose(found["lowest_value"], [0.6, 0.2, 0.5])
    np.testing.assert_allclose(found["length"], [-2.0, -2.0, -1.0])


def test_the_first_signal_beyond_its_margin_decides():
    assert sorted(pairs("heron", tree(), levels="outcome")) == [
        (2, 3, 1.0, 1),
        (2, 4, 1.0, 0),
        (4, 3, 1.0, 0),
    ]
    # 2σ of the outcomes is 0.82: only the widest gap decides there, length decides the others.
    assert sorted(pairs("heron", tree(), levels="outcome, length", sigma="2")) == [
        (2, 3, 1.0, 1),
        (4, 2, 1.0, 0),
        (4, 3, 1.0, 0),
    ]
    assert pairs("heron", tree(), levels="first_error") == [(2, 3, 1.0, 1)]


def test_rankings_of_traces_stand_above_measured_signals():
    ranked = Ranked((RankedPair("trace", 3, 2),), spoken=(("trace", 0, 1),))
    found = pairs("heron", tree(ranked=ranked), levels="rankings, outcome")
    assert (3, 2, 1.0, 1) in found
    assert (2, 4, 1.0, 0) in found


@pytest.mark.parametrize("n", [2, 3, 7])
def test_pairs_are_numbered_as_combinations_are(n):
    wanted = [(a, b) for a in range(n) for b in range(a + 1, n)]
    assert [nth_pair(number, n) for number in range(len(wanted))] == wanted


def test_a_sample_of_pairs_is_the_same_every_time_and_ranked_ones_are_all_taken():
    item = answers(0, leaves=8)
    few = pairs("tree_preference", item, max_pairs="5")
    assert len(few) == 5
    assert few == pairs("tree_preference", item, max_pairs="5")
    assert set(few) < set(pairs("tree_preference", item, max_pairs="0"))
    ranked = len(item.ranked.pairs)
    assert len(pairs("bradley_terry", item, max_pairs="1")) == ranked == 28


def test_the_comparisons_of_a_problem_can_count_one_together():
    units = objective(config("heron", balance="per_problem")).units(answers(1))
    assert units.weights.sum() == pytest.approx(1.0)


def test_whole_rankings_keep_their_tiers_and_take_a_node_once():
    item = replace(tree(), ranked=Ranked(rankings=(Ranking(((2, 4), (4, 3)), 0.5),)))
    units = objective(config("plackett_luce")).units(item)
    assert units.tiers() == [[[2, 4], [4, 3]]]
    once, repeated = units.told_apart(np.arange(5))
    assert (once.tiers(), repeated) == ([[[2, 4], [3]]], 1)
    assert once.weights.tolist() == [0.5]


def bare(item):
    """The same texts, about which nothing is known."""
    empty = Tree.from_columns(ids=range(len(item.tree)), parent=item.tree.parent)
    return TrainingTree("p", "P", empty, np.full(len(empty), np.nan))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("prm", "label some steps first"),
        ("orm", "import outcomes or have final answers checked"),
        ("bradley_terry", "rank steps, branches or traces of some problems"),
        ("bt_ties", "rank steps, branches or traces of some problems"),
        ("plackett_luce", "there is no ranking: rank steps"),
        ("tree_preference", "import outcomes or search values"),
        ("heron", "name other signals in 'levels'"),
    ],
)
def test_nothing_to_learn_from_is_refused_with_the_way_out(kind, sentence):
    with pytest.raises(TrainingError, match=sentence):
        objective(config(kind)).refuse([bare(tree())])


def test_ties_alone_are_refused():
    ranked = Ranked((RankedPair("step", 2, 3, tie=True),), (Ranking(((2, 3),)),), (("step", 2, 3),))
    item = replace(bare(tree()), ranked=ranked)
    with pytest.raises(TrainingError, match="all 1 comparisons are ties"):
        objective(config("bt_ties")).refuse([item])
    with pytest.raises(TrainingError, match="all 1 rankings put everything into one tier"):
        objective(config("plackett_luce")).refuse([item])


@pytest.mark.parametrize(
    ("kind", "settings"), [("orm", {}), ("tree_preference", {"preference": "soft"})]
)
def test_an_outcome_that_is_no_probability_is_refused_where_one_is_needed(kind, settings):
    records = [
        {"id": 0, "parent": None, "text": "", "outcome": []},
        {"id": 1, "parent": 0, "text": "a", "outcome": [7.0]},
        {"id": 2, "parent": 0, "text": "b", "outcome": [3.0]},
    ]
    item = TrainingTree("odd", "P", Tree.from_records(records), np.full(3, np.nan))
    with pytest.raises(TrainingError, match="problem 'odd' lies outside 0 … 1"):
        objective(config(kind, **settings)).units(item)
    assert len(objective(config("tree_preference")).units(item)) == 1


def test_every_kind_names_a_known_objective():
    from scoring.reward.registry import KINDS

    named = {row.objective for row in KINDS.values() if row.objective}  # else its members' one
    assert named == set(OBJECTIVES)


def test_the_data_hash_sees_outcomes_values_and_rankings():
    base = data_hash([answers(0)])
    other = answers(0)
    other.tree.outcomes[0] = 1 - other.tree.outcomes[0]
    assert data_hash([other]) != base
    assert data_hash([replace(answers(0), ranked=Ranked())]) != base
