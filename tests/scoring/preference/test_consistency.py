"""Every kind of contradiction is found where it is, and only there."""

from __future__ import annotations

import pytest

from scoring.preference.consistency import (
    KINDS,
    Finding,
    level_contradictions,
    majority_cycles,
    outcome_contradictions,
    own_cycles,
    rating_contradictions,
)
from tests.scoring.preference.cases import ranking

CONDORCET = [
    ranking("1 > 2 > 3", rater="ann"),
    ranking("2 > 3 > 1", rater="bob"),
    ranking("3 > 1 > 2", rater="cyd"),
]


def test_one_persons_pairs_can_go_in_a_circle():
    records = [ranking("1 > 2"), ranking("2 > 3"), ranking("3 > 1"), ranking("4 > 1 = 2 = 3")]
    assert own_cycles(records) == [
        Finding("own_cycle", "trace", "", (1, 2, 3), ("ann",), "ann prefers 1 over 2 over 3 over 1")
    ]


def test_saying_both_is_the_smallest_circle_and_names_are_the_readers():
    records = [ranking("7 > 8", criterion="clarity"), ranking("8 > 7", criterion="clarity")]
    (finding,) = own_cycles(records, name=lambda item: f"trace {item - 6}", who=str.title)
    assert (finding.items, finding.raters) == ((7, 8), ("ann",))
    assert finding.sentence == "Ann prefers trace 1 over trace 2 over trace 1 on clarity"


def test_other_people_levels_and_criteria_close_no_circle():
    assert own_cycles(CONDORCET) == []
    split = [
        ranking("1 > 2"),
        ranking("2 > 1", level="step"),
        ranking("2 > 1", criterion="clarity"),
        ranking("1 = 2"),
    ]
    assert own_cycles(split) == []


def test_condorcets_paradox_is_found():
    assert majority_cycles(CONDORCET) == [
        Finding(
            "majority_cycle",
            "trace",
            "",
            (1, 2, 3),
            ("ann", "cyd", "bob"),
            "the majority prefers 1 over 2 over 3 over 1 (2:1, 2:1, 2:1)",
        )
    ]


def test_a_majority_without_a_circle_is_none_and_each_person_has_one_vote():
    assert majority_cycles(CONDORCET[:2]) == []
    # 3 over 1 is now 2:2, which is no majority
    assert majority_cycles([*CONDORCET, ranking("1 > 2 > 3", rater="dan")]) == []
    assert majority_cycles([*CONDORCET, *[ranking("1 > 3", rater=r) for r in ("dan", "eve")]]) == []
    # five more of Ann's own answers change nothing
    assert majority_cycles([*CONDORCET, *[ranking("1 > 3", rater="ann")] * 5]) == majority_cycles(
        CONDORCET
    )


PATHS = {101: (1, 3), 102: (1, 4), 201: (2, 5), 202: (2, 6)}


def test_a_preferred_step_whose_traces_all_rank_lower_is_found():
    records = [
        ranking("1 > 2", level="step", rater="ann"),
        ranking("1 > 2", level="step", rater="bob"),
        ranking("201 > 202 > 101 = 102", rater="bob"),
        ranking("101 > 201", rater="ann"),
    ]
    (finding,) = level_contradictions(records, PATHS)
    assert finding == Finding(
        "levels",
        "step",
        "",
        (1, 2),
        ("ann", "bob"),
        "ann and bob prefer step 1 to 2, but bob ranks every trace through 2 above every trace "
        "through 1",
    )


@pytest.mark.parametrize(
    "traces",
    [
        ranking("201 > 101 > 202 > 102"),  # not every one
        ranking("201 = 101 > 102"),  # a tie is not above
        ranking("201 > 202", aside=(101, 102)),  # none of the other step ranked
        ranking("101 > 201"),  # it agrees
        ranking("201 > 101", criterion="clarity"),  # another question
    ],
)
def test_traces_that_do_not_all_rank_higher_are_no_contradiction(traces):
    assert level_contradictions([ranking("1 > 2", level="step"), traces], PATHS) == []


def test_branches_are_checked_like_steps_and_traces_through_both_are_left_out():
    paths = {**PATHS, 900: (1, 2)}
    records = [ranking("1 > 2", level="branch"), ranking("201 > 900 > 101")]
    (finding,) = level_contradictions(records, paths)
    assert (finding.level, finding.items) == ("branch", (1, 2))
    only_shared = [ranking("1 > 2", level="branch"), ranking("201 > 900")]
    assert level_contradictions(only_shared, paths) == []


@pytest.mark.parametrize(("other", "words"), [(1, "rated +1"), (0, "rated 0")])
def test_a_preferred_step_rated_wrong_is_found(other, words):
    ratings = {("ann", 1): -1, ("ann", 2): other, ("bob", 1): 1, ("bob", 2): -1}
    records = [ranking("1 > 2", level="step", rater=r) for r in ("ann", "bob")]
    (finding,) = rating_contradictions(records, ratings)
    assert (finding.kind, finding.items, finding.raters) == ("rating", (1, 2), ("ann",))
    assert finding.sentence == f"ann prefers step 1, rated −1, to step 2, {words}"


def test_ratings_that_do_not_contradict_are_left_alone():
    both_wrong = {("ann", 1): -1, ("ann", 2): -1}
    unrated = {("ann", 1): -1}
    for ratings in (both_wrong, unrated):
        assert rating_contradictions([ranking("1 > 2", level="step")], ratings) == []
    ratings = {("ann", 1): -1, ("ann", 2): 1}
    assert rating_contradictions([ranking("1 > 2", level="trace")], ratings) == []
    clearer = [ranking("1 > 2", level="step", criterion="clarity")]
    assert rating_contradictions(clearer, ratings) == []
    (finding,) = rating_contradictions(clearer, ratings, criteria=("clarity",))
    assert finding.sentence.endswith("on clarity")


def test_a_wrong_trace_preferred_to_a_right_one_is_found():
    outcomes = {1: False, 2: True, 3: None}
    records = [ranking("3 > 1 > 2", rater="ann"), ranking("1 > 2", rater="bob")]
    assert outcome_contradictions(records, outcomes) == [
        Finding(
            "outcome",
            "trace",
            "",
            (1, 2),
            ("ann", "bob"),
            "ann and bob prefer trace 1, whose answer is wrong, to trace 2, whose answer is right",
        )
    ]
    assert outcome_contradictions([ranking("2 > 1 = 3")], outcomes) == []
    assert outcome_contradictions([ranking("1 > 2", criterion="clarity")], outcomes) == []
    assert outcome_contradictions([ranking("1 > 2", level="step")], outcomes) == []


def test_every_kind_is_described():
    assert set(KINDS) == {"own_cycle", "majority_cycle", "levels", "rating", "outcome"}
