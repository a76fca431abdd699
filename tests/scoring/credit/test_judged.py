"""Methods that read what a judge said, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.credit import assign
from scoring.credit.base import NO_SIGNAL
from scoring.errors import ScoringError
from tests.scoring.credit.trees import by_node, chain, of_trace, step, tree

# --- CAPO ---------------------------------------------------------------------------------------


def solved_and_failed(**columns):
    return tree(
        step("a", n_tokens=2),
        step("b", "a", 1, n_tokens=1, critiques=[["b"], ["a", "b"], []]),
        step("c", outcome=0, n_tokens=1, **columns),
    )


@pytest.mark.parametrize(
    ("vote", "want"),
    [("union", [1, 1, -1]), ("majority", [2, 1, -1]), ("intersection", [2, 2, -1])],
)
def test_capo_rewards_by_vote(vote, want):
    found = solved_and_failed(critiques=[["c"], ["c"]])
    got = by_node("capo", found, vote=vote, form="reward")
    assert list(got.values()) == pytest.approx(want)
    got = by_node("capo", found, vote=vote, form="reward", gain=1, penalty=0.5)
    assert got["c"] == -0.5


def test_capo_standardises_over_tokens():
    # majority: 2, 2 (two tokens), 1, −1: mean 1, sample variance (1 + 1 + 0 + 4) / 3 = 2
    found = solved_and_failed(critiques=[["c"]])
    got = by_node("capo", found, vote="majority", eps=0.0)
    assert got == pytest.approx({"a": math.sqrt(0.5), "b": 0.0, "c": -math.sqrt(2)}, abs=1e-12)
    got = by_node("capo", found, vote="majority", eps=0.0, ddof=0)
    assert got["a"] == pytest.approx(1 / math.sqrt(1.5))
    no_tokens = tree(
        *chain("a", 1, {}, {"critiques": [["a1"]]}), *chain("c", 0, {"critiques": [["c0"]]})
    )
    # every step one token: 2, 1, −1: mean 2/3, sample variance (16 + 1 + 25) / 9 / 2 = 7/3
    got = by_node("capo", no_tokens, eps=0.0)
    size = math.sqrt(7 / 3)
    assert list(got.values()) == pytest.approx([4 / 3 / size, 1 / 3 / size, -5 / 3 / size])
    assert any("weighs the same" in note for note in assign("capo", no_tokens).notes)


def test_capo_without_critiques_is_the_outcome_only():
    found = tree(step("a", outcome=1, critiques=[]), step("b", outcome=0, critiques=None))
    assert by_node("capo", found, form="reward") == {"a": 2, "b": 0}
    assert "2 of 2 traces have no critiques: outcome only" in assign("capo", found).notes
    equal = tree(step("a", outcome=1, critiques=[]), step("b", outcome=1, critiques=None))
    assert by_node("capo", equal) == {"a": 0, "b": 0}
    assert NO_SIGNAL in assign("capo", equal).notes


def test_capo_leaves_an_unknown_outcome_out():
    found = tree(
        step("a", outcome=1, critiques=[]),
        step("b", outcome=0, critiques=[]),
        step("c", outcome=None, critiques=[["c"]]),
    )
    got = by_node("capo", found, eps=0.0)
    half = math.sqrt(0.5)
    assert got == pytest.approx({"a": half, "b": -half, "c": math.nan}, nan_ok=True)


def test_capo_reads_a_shared_step_by_trace():
    found = tree(
        step("p"),
        step("a", "p", 1, critiques=[["p"]]),
        step("b", "p", 1, critiques=[["b"]]),
    )
    assert of_trace("capo", found, "a", form="reward") == [1, 2]
    assert of_trace("capo", found, "b", form="reward") == [2, 1]
    assert by_node("capo", found, form="reward")["p"] == 1.5


@pytest.mark.parametrize("critiques", ["b", [["c"]], [["r"]], [[0]], ["b"], [[True]], [{}]])
def test_capo_refuses_critiques_of_what_is_not_on_the_trace(critiques):
    found = tree(step("a"), step("b", "a", 1, critiques=critiques), step("c", outcome=1))
    with pytest.raises(ScoringError, match="'critiques' of 'b'"):
        assign("capo", found)


# --- InT ----------------------------------------------------------------------------------------


def test_int_marks_first_error_and_intervention_and_nothing_after():
    found = tree(
        step("a"),
        step("b", "a"),  # wrong
        step("b1", "b", 0, first_error="b"),
        step("c", "a", intervention=True),
        step("c1", "c", 1),
        step("d", "a", 1, first_error=False),
        step("e", outcome=0),
    )
    want = {"a": 0, "b": -1, "b1": math.nan, "c": 1, "c1": math.nan, "d": 0, "e": math.nan}
    assert by_node("int", found) == pytest.approx(want, nan_ok=True)
    notes = " ".join(assign("int", found).notes)
    assert "1 of 4 traces" in notes
    assert "have no value" in notes
    assert of_trace("int", found, "b1")[:2] == [0, -1]


def test_int_of_traces_without_error_is_zero_everywhere():
    found = tree(*chain("a", 1, {}, {"first_error": False}))
    assert by_node("int", found) == {"a0": 0, "a1": 0}
    assert assign("int", found).notes == ()


@pytest.mark.parametrize("cell", ["elsewhere", "b", True, 1.5, ["a"]])
def test_int_refuses_an_error_that_is_not_on_the_trace(cell):
    found = tree(step("a", outcome=0, first_error=cell), step("b", outcome=1))
    with pytest.raises(ScoringError, match="'first_error' of 'a'"):
        assign("int", found)


# --- Sotopia-RL ---------------------------------------------------------------------------------

TALK = tree(
    *chain("a", 6, {"attribution": 3}, {"attribution": 1}, {"attribution": None}),
    *chain("b", None, {"attribution": 3}),
)


def test_sotopia_by_hand():
    nothing = {"a2": math.nan, "b0": math.nan}
    assert by_node("sotopia", TALK) == pytest.approx({"a0": 6, "a1": 2, **nothing}, nan_ok=True)
    got = by_node("sotopia", TALK, scale=10)
    assert got == pytest.approx({"a0": 1.8, "a1": 0.6, **nothing}, nan_ok=True)
    got = by_node("sotopia", TALK, form="normalised")
    assert got == pytest.approx({"a0": 4.5, "a1": 1.5, **nothing}, nan_ok=True)
    got = by_node("sotopia", TALK, form="discount")
    want = {"a0": 6 * 0.81, "a1": 6 * 0.9, "a2": 6.0, "b0": math.nan}
    assert got == pytest.approx(want, nan_ok=True)
    notes = assign("sotopia", TALK).notes
    assert notes == ("1 of 2 traces have no known outcome", "1 of 4 steps have no attribution")


def test_sotopia_edges_of_the_code():
    found = tree(*chain("a", 6, {"attribution": -1}, {"attribution": 1}))
    assert by_node("sotopia", found) == {"a0": -1, "a1": 2}
    assert by_node("sotopia", found, form="normalised") == {"a0": 0, "a1": 0}  # they add up to 0
    zero = tree(*chain("a", 6, {"attribution": 0}, {"attribution": 0}))
    assert by_node("sotopia", zero, form="normalised") == {"a0": 0, "a1": 0}
    assert np.isfinite(assign("sotopia", zero).per_node[1:]).all()


# --- Rating -------------------------------------------------------------------------------------


def test_a_rating_is_the_label_as_it_is_and_false_is_wrong():
    said = tree(
        step("a", label=1, outcome=1),
        step("b", label=0, outcome=0),
        step("c", label=False),
        step("d", label=None),
    )
    got = by_node("rating", said)
    assert (got["a"], got["b"], got["c"]) == (1.0, 0.0, -1.0)
    assert np.isnan(got["d"])
    assert assign("rating", said).notes == ("1 of 4 steps have no rating",)


def test_a_label_beyond_one_is_shown_as_it_is_under_a_unit_that_claims_no_range():
    said = tree(step("a", label=3.0, outcome=1), step("b", label=-1, outcome=0))
    assert by_node("rating", said) == {"a": 3.0, "b": -1.0}
    assert assign("rating", said).unit == "rating"
