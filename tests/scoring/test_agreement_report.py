"""First errors from trees of ratings, and the report of everything, by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from scoring.agreement import FirstErrors, Ranking, Rankings, Ratings
from scoring.agreement.paths import Paths, first_errors
from scoring.agreement.registry import CONSENSUS, STATISTICS
from scoring.agreement.report import report, versions

# 10 ─ 11 ─ 12 (trace 1)      20 ─ 21 (trace 3)
#        └─ 13 (trace 2)
PATHS = Paths(
    step=np.array([12, 10, 11, 13, 21, 20]),
    parent=np.array([11, 0, 10, 11, 20, 0]),
    depth=np.array([3, 1, 2, 3, 2, 1]),
    trace=np.array([1, 2, 3]),
    end=np.array([12, 13, 21]),
    problem=np.array([7, 7, 8]),
)
NOBODY = (np.zeros(0, np.int64), np.zeros(0, np.int64))
UNSURE = float("nan")


def errors(said, *, ended=NOBODY, only=None):
    """Return {(trace, rater): index of the first error, −1 = none} of {(step, rater): rating}."""
    keys = list(said)
    found = first_errors(
        PATHS,
        step=np.array([step for step, _ in keys], np.int64),
        rater=np.array([rater for _, rater in keys], np.int64),
        rating=np.array(list(said.values()), np.float64),
        ended=ended,
        only=only,
    )
    return {
        (found.units[unit], found.raters[rater]): position
        for unit, rater, position in zip(
            found.unit.tolist(), found.rater.tolist(), found.position.tolist(), strict=True
        )
    }


def test_a_wrong_step_ends_every_trace_below_it():
    assert errors({(10, 5): 1, (11, 5): -1}) == {(1, 5): 1, (2, 5): 1}


def test_the_first_of_two_wrong_steps_counts():
    assert errors({(20, 5): -1, (21, 5): -1}) == {(3, 5): 0}


def test_a_trace_left_in_the_middle_says_nothing():
    assert errors({(10, 5): 1, (11, 5): 1, (13, 5): 1}) == {(2, 5): -1}


def test_a_gap_before_the_wrong_step_says_nothing():
    assert errors({(10, 5): 1, (12, 5): -1}) == {}


def test_unsure_is_judged_and_no_error():
    assert errors({(20, 5): UNSURE, (21, 5): -1}) == {(3, 5): 1}


def test_raters_are_kept_apart():
    said = {(20, 5): 1, (21, 5): 1, (20, 6): -1, (21, 9): -1}
    assert errors(said) == {(3, 5): -1, (3, 6): 0}


def test_given_up_traces_are_left_out():
    said = {(10, 5): -1, (20, 5): -1, (20, 6): -1}
    assert errors(said, ended=(np.array([3, 99]), np.array([5, 5]))) == {
        (1, 5): 0,
        (2, 5): 0,
        (3, 6): 0,
    }


def test_only_the_asked_pairs_are_looked_at():
    said = {(10, 5): -1, (20, 5): -1, (20, 6): -1}
    assert errors(said, only=(np.array([2, 3]), np.array([5, 6]))) == {(2, 5): 0, (3, 6): 0}


def test_chunks_of_raters_give_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    said = {
        (step, rater): float(rng.choice([-1, 0, 1]))
        for step in PATHS.step.tolist()
        for rater in range(7)
        if rng.random() < 0.8
    }
    whole = errors(said)
    monkeypatch.setattr("scoring.agreement.paths._CELLS_AT_ONCE", 13)
    assert errors(said) == whole
    assert len(whole) > 7


def test_nothing_judged_is_no_error():
    assert errors({}) == {}


def test_the_report_has_every_statistic_and_is_json():
    ratings = Ratings.table(
        [[1, 1, 1], [-1, 1, None], [0, 0, -1], [1, 1, None], [-1, -1, -1]], categories=(-1, 0, 1)
    )
    blamed = FirstErrors.of([1, 1, 2, 2], [0, 1, 0, 1], [0, 1, None, None])
    orders = [((1,), (2,)), ((2,), (1,)), ((1, 2),)]
    rankings = Rankings.of(
        Ranking(4, rater, tiers, level=level, criterion="soundness")
        for level in ("step", "trace")
        for rater, tiers in enumerate(orders)
    )
    told = []
    found = report(
        ratings, blamed, rankings, replicates=20, on_progress=lambda *said: told.append(said)
    )
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
    kinds = {need: set() for need in ("ratings", "first_errors", "rankings")}
    for key, row in STATISTICS.items():
        kinds[row.needs[0]].add(key)
    assert set(found["ratings"]) == kinds["ratings"]
    assert set(found["first_errors"]) == kinds["first_errors"]
    assert set(found["rankings"]["all"]) == kinds["rankings"]
    assert set(found["rankings"]["level"]) == {"step", "trace"}
    assert set(found["rankings"]["criterion"]) == {"soundness"}
    assert set(found["consensus"]) == set(CONSENSUS)
    assert told[0][:2] == (0, told[-1][0])
    assert told[-1][0] == told[-1][1] == 7 + 2 + 4 * 4 + 2
    assert found["versions"] == versions()
    # Traces 1 (0 against 1) and 2 (none, none): one of two the same, both within one step.
    assert found["first_errors"]["first_error_exact"]["value"] == 0.5
    assert found["first_errors"]["first_error_near"]["value"] == 1.0
    assert found["counts"]["steps_compared"] == 5
    assert found["raters"] == [0, 1, 2]


def test_the_furthest_steps_come_first_with_who_said_what():
    table = [[1, 1, 1], [-1, 1, None], [0, 0, -1], [1, -1, 1], [-1, -1, -1]]
    found = report(
        Ratings.table(table, categories=(-1, 0, 1)),
        FirstErrors.of([], [], []),
        Rankings.of([]),
        replicates=0,
    )["disagreements"]["steps"]
    # Mean differences of pairs: item 1: 2; item 3: (2 + 0 + 2) / 3; item 2: (0 + 1 + 1) / 3.
    assert [row["step"] for row in found] == [1, 3, 2]
    assert [row["distance"] for row in found] == pytest.approx([2, 4 / 3, 2 / 3])
    assert found[1]["ratings"] == [
        {"rater": 0, "rating": 1},
        {"rater": 1, "rating": -1},
        {"rater": 2, "rating": 1},
    ]
    assert found[1]["consensus"]["dawid_skene"]["rating"] == 1


def test_the_furthest_rankings_come_first():
    tiers = {"ab": (("a",), ("b",)), "ba": (("b",), ("a",)), "tie": (("a", "b"),)}
    asked = {1: ("ab", "ab"), 2: ("ab", "tie"), 3: ("ab", "ba"), 4: ("ba",)}
    rankings = Rankings.of(
        Ranking(place, rater, tiers[said], level="step")
        for place, answers in asked.items()
        for rater, said in enumerate(answers)
    )
    found = report(
        Ratings.of([], [], [], categories=(-1, 0, 1)),
        FirstErrors.of([], [], []),
        rankings,
        replicates=0,
    )["disagreements"]["rankings"]
    assert [(row["place"], row["distance"]) for row in found] == [(3, 1.0), (2, 0.5)]
    assert found[0]["rankings"][1] == {"rater": 1, "tiers": [["b"], ["a"]]}


def test_nothing_gives_reasons_instead_of_numbers():
    found = report(
        Ratings.of([], [], [], categories=(-1, 0, 1)),
        FirstErrors.of([], [], []),
        Rankings.of([]),
    )
    figures = [*found["ratings"].values(), *found["first_errors"].values()]
    figures += found["rankings"]["all"].values()
    assert all(row["undefined"].startswith("undefined because") for row in figures)
    assert all(row["undefined"] for row in found["consensus"].values())
    assert found["disagreements"] == {"steps": [], "rankings": []}
