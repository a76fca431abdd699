"""Distances of two rankings and typed orders, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from scoring.errors import RankingError
from scoring.preference.distance import ranking_distance
from scoring.preference.notation import order_read, order_text
from scoring.preference.types import RankingRecord

NAMES = {"A": 1, "B": 2, "C": 3, "D": 4}


def record(text, failed=()):
    tiers, aside, gated = order_read(text, NAMES)
    items = tuple(item for tier in tiers for item in tier) + tuple(aside)
    return RankingRecord("step", "", items, tuple(map(tuple, tiers)), tuple(aside), tuple(gated))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("A > B > C > D", "A > B > C > D", 0.0),
        ("A > B > C > D", "D > C > B > A", 1.0),
        ("A > B > C > D", "B > A > C > D", 1 / 6),  # one of six pairs
        ("A > B > C > D", "A = B > C > D", 1 / 12),  # half a pair
        ("A = B = C", "A = B = C", 0.0),
        ("A = B", "A > B", 0.5),
        ("A > B > C", "C > A | B", 1.0),  # only A and C are compared by both
        ("A > B", "C > D", None),
        ("A | B", "A > B", None),
        ("A > B!", "A! > B", 1.0),  # who failed is below, whatever the order says
        ("A > B", "A! > B", 1.0),
    ],
)
def test_distance_by_hand(first, second, expected):
    for one, other in ((first, second), (second, first)):
        assert ranking_distance(record(one), record(other)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A > B = C | D", ([[1], [2, 3]], [4], [])),
        ("a>b!=c", ([[1], [2, 3]], [], [2])),
        (" | A, B C", ([], [1, 2, 3], [])),
        ("D", ([[4]], [], [])),
    ],
)
def test_an_order_is_read_as_typed(text, expected):
    assert order_read(text, NAMES) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "letters with > and ="),
        ("A > > B", "'nothing' is no item"),
        ("A > E", "'E' is no item"),
        ("A B", "'A B' is no item"),
        ("1 > 2", "'1' is no item"),
        ("A |", "there are none"),
        ("A" * 401, "at most 400"),
        ("А > B", "is no item"),
    ],
)
def test_what_is_no_order_is_refused(text, said):
    with pytest.raises(RankingError, match=said):
        order_read(text, NAMES)


def test_writing_gives_what_was_read():
    for text in ("A > B = C | D", "A! > B", "| A, B"):
        tiers, aside, failed = order_read(text, NAMES)
        assert order_text(tiers, aside, failed, {v: k for k, v in NAMES.items()}) == text
