"""Judgements to targets: rules, ties, policies, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import UnknownNameError
from scoring.training.targets import Rules, deciding_kinds, targets
from scoring.types import LabelRecord, RaterRecord

ANN, BOB, CAT = (RaterRecord("person", name) for name in ("ann", "bob", "cat"))
SOURCE = RaterRecord("imported", "labeler-7")
CHECKER = RaterRecord("machine", "checker:arithmetic", "1")


def say(rating, rater=ANN, node=0, *, unsure=False):
    return LabelRecord(node, rater, rating, unsure=unsure)


def one(labels, **rules):
    made = targets(labels, 1, Rules(**rules))
    return made.value[0], made.weight[0], dict(made.excluded)


def test_a_node_that_nobody_judged_has_no_target():
    made = targets([say(1, node=1)], 3)
    np.testing.assert_array_equal(made.value, [np.nan, 1.0, np.nan])
    np.testing.assert_array_equal(made.weight, [0.0, 1.0, 0.0])
    assert not made.excluded


@pytest.mark.parametrize(
    ("policy", "value"), [("positive", 1.0), ("negative", 0.0), ("soft", 0.5), ("drop", None)]
)
@pytest.mark.parametrize("aggregate", ["majority", "latest", "per_rater"])
def test_the_neutral_policy_says_what_a_zero_becomes(policy, value, aggregate):
    got, weight, excluded = one([say(0)], neutral=policy, aggregate=aggregate)
    if value is None:
        assert np.isnan(got)
        assert weight == 0
        assert excluded == {"neutral": 1}
    else:
        assert (got, weight, excluded) == (value, 1.0, {})


def test_the_majority_of_raters_wins():
    assert one([say(1, ANN), say(-1, BOB), say(-1, CAT)])[0] == 0.0
    assert one([say(1, ANN), say(0, BOB), say(0, CAT)], neutral="soft")[0] == 0.5


def test_a_tie_is_no_target_and_is_counted():
    value, weight, excluded = one([say(1, ANN), say(-1, BOB)])
    assert np.isnan(value)
    assert (weight, excluded) == (0.0, {"tie": 1})


def decide(rating, rater=CAT, **more):
    return replace(say(rating, rater, **more), adjudicated=True)


@pytest.mark.parametrize("aggregate", ["majority", "latest", "per_rater"])
def test_a_final_decision_stands_alone(aggregate):
    labels = [say(1, ANN), say(1, BOB), say(1, CAT), decide(-1)]
    assert one(labels, aggregate=aggregate) == (0.0, 1.0, {})


def test_a_final_decision_that_there_is_no_rating_leaves_no_target():
    value, weight, excluded = one([say(1, ANN), decide(None, unsure=True)])
    assert np.isnan(value)
    assert (weight, excluded) == (0.0, {"unsure": 1})


def test_a_decision_out_of_a_file_stands_before_imported_judgements_only():
    labels = [say(1, SOURCE), say(1, RaterRecord("imported", "b")), decide(-1, SOURCE)]
    assert one(labels)[0] == 0.0
    assert one([*labels, say(1, ANN)])[0] == 1.0


def test_a_raters_later_judgement_replaces_the_earlier_one():
    assert one([say(1, ANN), say(-1, ANN)])[0] == 0.0
    assert one([say(1, ANN), say(-1, BOB), say(-1, ANN)])[0] == 0.0


def test_latest_takes_the_last_judgement_of_all():
    assert one([say(-1, ANN), say(-1, BOB), say(1, CAT)], aggregate="latest")[0] == 1.0
    assert one([say(1, ANN), say(-1, BOB), say(1, ANN)], aggregate="latest")[0] == 1.0


def test_per_rater_is_the_mean_and_weighs_as_many_as_there_are():
    value, weight, _ = one([say(1, ANN), say(1, BOB), say(-1, CAT)], aggregate="per_rater")
    assert (value, weight) == (pytest.approx(2 / 3), 3.0)


def test_raters_who_differ_give_no_common_rating():
    differ = targets([say(1, ANN), say(-1, BOB)], 1, Rules(aggregate="per_rater"))
    assert np.isnan(differ.rating[0])
    agree = targets([say(-1, ANN), say(-1, BOB)], 1, Rules(aggregate="per_rater"))
    assert agree.rating[0] == -1.0


def test_per_rater_leaves_dropped_neutrals_out_of_the_mean():
    labels = [say(1, ANN), say(0, BOB)]
    assert one(labels, aggregate="per_rater", neutral="drop")[:2] == (1.0, 1.0)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([say(None)], "unrated"),
        ([say(None, unsure=True)], "unsure"),
        ([say(1, unsure=True)], "unsure"),
        ([say(None, ANN), say(None, BOB, unsure=True)], "unsure"),
    ],
)
def test_unsure_and_unrated_are_not_neutral_and_are_counted_apart(labels, reason):
    value, weight, excluded = one(labels, neutral="soft")
    assert np.isnan(value)
    assert (weight, excluded) == (0.0, {reason: 1})


@pytest.mark.parametrize("aggregate", ["majority", "latest", "per_rater"])
@pytest.mark.parametrize("labels", [[say(-1, ANN), say(1, SOURCE)], [say(1, SOURCE), say(-1, ANN)]])
def test_a_persons_correction_replaces_an_imported_label(labels, aggregate):
    assert one(labels, aggregate=aggregate) == (0.0, 1.0, {})


def test_one_person_outranks_any_number_of_imported_labels():
    others = [say(1, RaterRecord("imported", name)) for name in "abc"]
    assert one([*others, say(-1, ANN)])[0] == 0.0


def test_an_imported_label_outranks_a_checker_and_a_checker_a_model():
    kinds = ("person", "imported", "machine", "model")
    model = RaterRecord("model", "prm")
    assert one([say(1, SOURCE), say(-1, CHECKER)], rater_kinds=kinds)[0] == 1.0
    assert one([say(1, CHECKER), say(-1, model)], rater_kinds=kinds)[0] == 1.0


@pytest.mark.parametrize("silent", [say(None, ANN), say(None, ANN, unsure=True)])
def test_a_person_who_gave_no_rating_displaces_nobodys(silent):
    assert one([say(-1, SOURCE), silent])[::2] == (0.0, {})


def test_a_person_who_is_not_selected_displaces_nobodys_rating():
    assert one([say(-1, SOURCE), say(1, ANN)], rater_kinds=("imported",))[0] == 0.0


def test_persons_who_disagree_are_not_decided_by_the_source():
    assert one([say(1, ANN), say(-1, BOB), say(1, SOURCE)])[2] == {"tie": 1}


def test_without_a_rank_all_kinds_vote_alike():
    assert one([say(1, ANN), say(-1, SOURCE)], rank=())[2] == {"tie": 1}


def test_an_unsure_rater_does_not_vote():
    assert one([say(None, ANN), say(-1, BOB)])[0] == 0.0


def test_going_back_to_no_rating_withdraws_a_judgement():
    assert one([say(1, ANN), say(None, ANN)])[2] == {"unrated": 1}


def test_only_the_chosen_kinds_of_rater_count():
    assert one([say(1, CHECKER)])[2] == {"rater_kind": 1}
    assert one([say(1, CHECKER), say(-1, ANN)])[0] == 0.0
    assert one([say(1, CHECKER)], rater_kinds=("machine",))[0] == 1.0


def test_two_imported_labelers_of_one_name_and_other_version_are_two_raters():
    labels = [say(1, RaterRecord("imported", "x", v)) for v in "12"]
    assert one(labels, aggregate="per_rater")[1] == 2.0


def test_the_kind_that_decides_each_step_can_be_told():
    labels = [say(1, SOURCE), say(-1, ANN), say(1, SOURCE, 1), say(None, ANN, 1), say(None, ANN, 2)]
    assert deciding_kinds(labels) == {0: ("person",), 1: ("imported",)}
    assert deciding_kinds(labels, Rules(rank=()))[0] == ("person", "imported")


def test_a_judgement_of_the_problem_itself_is_passed_over():
    assert np.isnan(targets([say(1, node=-1)], 2).value).all()


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"aggregate": "mean"}, "known: majority, latest, per_rater"),
        ({"neutral": "zero"}, "known: positive, negative, drop, soft"),
        ({"rater_kinds": ("robot",)}, "known: person, imported, machine, model"),
        ({"rank": ("robot",)}, "known: adjudicated, person, imported, machine, model"),
    ],
)
def test_unknown_rules_name_the_known_ones(rules, sentence):
    with pytest.raises(UnknownNameError, match=sentence):
        Rules(**rules)
