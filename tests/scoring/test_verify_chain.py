"""``scoring.verify.chain``: solutions of a chain of operations, step by step."""

from __future__ import annotations

import time

import pytest

from scoring.verify.arithmetic import ERROR_TYPES, Judgement
from scoring.verify.chain import judge, parse

PROMPT = "Start with 12: plus 7, times 2, minus 14, plus 9."
RIGHT = ["12 + 7 = 19", "19 × 2 = 38", "38 − 14 = 24", "24 + 9 = 33"]


def test_a_chain_is_read_from_the_problem():
    chain = parse(PROMPT)
    assert chain.operations == (("+", 7), ("*", 2), ("-", 14), ("+", 9))
    assert chain.values == (12, 19, 38, 24, 33)


@pytest.mark.parametrize("text", ["", "How many?", "12 + 7", "Start with 12.", "plus 7, times 2"])
def test_a_problem_that_tells_no_chain_has_none(text):
    assert parse(text) is None


def test_a_right_solution_is_right_at_every_step():
    assert judge(PROMPT, RIGHT) == [Judgement(1)] * 4


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("19 × 2 = 21", "wrong_operation"),
        ("19 + 2 = 21", "wrong_operation"),
        ("19 × 2 = 28", "carried_digit"),
        ("19 × 2 = 37", "wrong_result"),
        ("19 − 14 = 5", "dropped_term"),
        ("18 × 2 = 36", "wrong_number"),
        ("19 × 3 = 57", "wrong_number"),
    ],
)
def test_the_wrong_step_is_found_and_named(step, error):
    assert judge(PROMPT, [RIGHT[0], step])[1] == Judgement(-1, error)
    assert error in ERROR_TYPES


def test_an_error_stays_until_a_step_repairs_it():
    steps = [
        "12 + 7 = 29",
        "29 × 2 = 58",
        "Hmm, let me look again.",
        "Wait, 29 × 2 = 58",
        "Wait, 12 + 7 = 9",
        "Wait, 12 + 7 = 19",
        "19 × 2 = 38",
    ]
    assert judge(PROMPT, steps) == [
        Judgement(-1, "carried_digit"),
        Judgement(-1, "carried_error"),
        Judgement(-1, "carried_error"),
        Judgement(-1, "carried_error"),
        Judgement(-1, "carried_digit"),
        Judgement(1, repairs=True),
        Judgement(1),
    ]


def test_a_dropped_operation_can_be_repaired_later():
    steps = [RIGHT[0], "19 − 14 = 5", "5 + 9 = 14", "Wait, 19 × 2 = 38", *RIGHT[2:]]
    assert [judged.rating for judged in judge(PROMPT, steps)] == [1, -1, -1, 1, 1, 1]


def test_saying_a_right_step_again_is_right_and_repairs_nothing():
    assert judge(PROMPT, [RIGHT[0], f"Wait, {RIGHT[0]}", RIGHT[1]]) == [Judgement(1)] * 3


def test_a_right_value_does_not_excuse_a_false_equation():
    assert judge(PROMPT, ["So 2 + 2 = 5 and 12 + 7 = 19"])[0] == Judgement(-1, "wrong_result")


def test_a_step_that_carries_out_nothing_gets_no_rating_while_all_is_right():
    assert judge(PROMPT, ["Let us begin.", RIGHT[0]]) == [Judgement(None), Judgement(1)]


def test_a_problem_without_a_chain_has_its_equations_checked():
    steps = ["3 boxes of 4 make 3 × 4 = 12.", "So 12 + 1 = 14.", "Done."]
    assert judge("How many apples are in 3 boxes?", steps) == [
        Judgement(1),
        Judgement(-1, "wrong_result"),
        Judgement(None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Start with 1: " + "times 999999999999, " * 90, id="huge values"),
        pytest.param("Start with 1: " + "plus 1, " * 2_000, id="too many operations"),
        pytest.param("start with " * 1_700, id="starts only"),
        pytest.param("1 + 1 = " * 2_000, id="equations only"),
        pytest.param("plus 1 " * 100_000, id="longer than any text"),
    ],
)
def test_hostile_text_is_answered_at_once(text):
    started = time.process_time()
    assert parse(text) is None
    assert judge(text, [text, PROMPT])
    assert judge(PROMPT, [text])
    assert time.process_time() - started < 2
