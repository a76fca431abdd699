"""A ranking answers for every shown item exactly once, and its pairs add up."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import RankingError
from scoring.preference.pairs import pairs, positions
from scoring.preference.types import DEFAULT_CRITERIA, Criterion, RankingRecord
from scoring.preference.validate import validate, validate_criteria
from tests.scoring.preference.cases import ranking

GOOD = RankingRecord("step", "", items=(9, 7, 8, 5), tiers=((7,), (8, 9)), aside=(5,), failed=(9,))


def test_a_good_ranking_passes():
    validate(GOOD)
    validate(replace(GOOD, scores={7: 4.5, 8: 3, 9: 3}))


@pytest.mark.parametrize(
    ("changes", "item", "words"),
    [
        ({"tiers": ((7,), (8, 7, 9))}, 7, "item 7 is twice"),
        ({"aside": (5, 8)}, 8, "item 8 is twice"),
        ({"tiers": ((7,), (8,))}, 9, "item 9 is missing"),
        ({"tiers": ((7,), (8, 9, 12))}, 12, "item 12 was not shown"),
        ({"aside": (5, 12)}, 12, "item 12 was not shown"),
        ({"items": (9, 7, 8, 5, 9)}, 9, "item 9 is shown twice"),
        ({"failed": (12,)}, 12, "item 12 was not shown"),
        ({"failed": (9, 9)}, 9, "item 9 is marked as failing twice"),
        ({"tiers": ((7,), (), (8, 9))}, None, "tier 2 is empty"),
        ({"items": (1,), "tiers": ((1,),)}, None, "2 to 32 items, not 1"),
        ({"items": tuple(range(33))}, None, "2 to 32 items, not 33"),
        ({"level": "token"}, None, "step, branch, trace, not 'token'"),
        ({"scores": {7: 4, 8: 3}}, 9, "item 9 is ranked but has no score"),
        ({"scores": {7: 4, 8: 3, 9: math.nan}}, 9, "the score of item 9 is not a number"),
        ({"scores": {7: 4, 8: 3, 9: 2}}, 9, "item 9 is tied with item 8 but has another score"),
        ({"scores": {7: 3, 8: 3, 9: 3}}, 7, "above item 8 but its score is not higher"),
        ({"scores": {7: 4, 8: 3, 9: 3, 1: 0}}, 1, "item 1 was not shown"),
    ],
)
def test_a_fault_names_its_item(changes, item, words):
    with pytest.raises(RankingError, match=words) as caught:
        validate(replace(GOOD, **changes))
    assert caught.value.item == item


def test_the_default_criteria_are_ordered_and_have_no_gate():
    validate_criteria(DEFAULT_CRITERIA)
    keys = [c.key for c in DEFAULT_CRITERIA]
    assert keys == ["correctness", "soundness", "progress", "clarity"]
    assert all(c.help.endswith(".") and not c.gate and c.margin == 0 for c in DEFAULT_CRITERIA)


@pytest.mark.parametrize(
    ("criteria", "words"),
    [
        ([], "at least one criterion"),
        ([Criterion("", "Overall")], "'Overall' has no key"),
        ([Criterion("a", "A"), Criterion("a", "B")], "'a' is twice"),
        ([Criterion("a", "A", margin=-0.5)], "margin of 'a' must be a number of at least 0"),
        ([Criterion("a", "A", margin=math.inf)], "margin of 'a' must be a number of at least 0"),
    ],
)
def test_criteria_that_cannot_order_are_refused(criteria, words):
    with pytest.raises(RankingError, match=words):
        validate_criteria(criteria)


def test_pairs_are_decided_tied_or_open():
    found = pairs(GOOD)
    assert found.wins == ((7, 9), (7, 8))
    assert found.ties == ((9, 8),)
    assert found.open == ((9, 5), (7, 5), (8, 5))
    assert found.counts == {"decided": 2, "tied": 1, "cannot compare": 3}
    assert positions(GOOD) == {7: 0.0, 8: -1.0, 9: -1.0}
    assert positions(replace(GOOD, scores={7: 4.5, 8: 3, 9: 3})) == {7: 4.5, 8: 3.0, 9: 3.0}


@settings(deadline=None)
@given(st.lists(st.integers(-1, 5), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_every_pair_is_in_one_class_whatever_the_shown_order(places, random):
    """Place -1 is set aside; equal places are a tier."""
    tiers = tuple(
        tuple(i for i, p in enumerate(places) if p == t) for t in sorted({*places} - {-1})
    )
    shown = list(range(len(places)))
    record = RankingRecord(
        "step", "", tuple(shown), tiers, tuple(i for i, p in enumerate(places) if p == -1)
    )
    validate(record)
    found = pairs(record)
    n = len(places)
    assert sum(found.counts.values()) == n * (n - 1) / 2
    assert all(places[a] < places[b] for a, b in found.wins)
    assert all(places[a] == places[b] != -1 for a, b in found.ties)
    assert all(-1 in (places[a], places[b]) for a, b in found.open)
    random.shuffle(shown)
    again = pairs(replace(record, items=tuple(shown)))
    assert set(again.wins) == set(found.wins)
    assert {frozenset(p) for p in again.ties} == {frozenset(p) for p in found.ties}


def test_web_processes_get_neither_scipy_nor_torch_with_the_core():
    code = (
        "import sys, scoring.preference.aggregate, scoring.preference.consistency, "
        "scoring.preference.order, scoring.preference.methods.plackett_luce; "
        "print(sorted({'scipy', 'choix', 'torch', 'django'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_line_of_text_is_a_valid_ranking():
    record = ranking("3 > 1 = 2", aside=(4,))
    validate(record)
    assert record.items == (1, 2, 3, 4)
    assert record.tiers == ((3,), (1, 2))
