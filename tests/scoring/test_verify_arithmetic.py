"""``scoring.verify.arithmetic``: equations in free text, and solutions step by step."""

from __future__ import annotations

import time

import pytest

from scoring.verify.arithmetic import (
    ERROR_TYPES,
    Judgement,
    Verdict,
    check_text,
    equations,
    judge,
    start,
)


@pytest.mark.parametrize(
    "text",
    [
        "12 + 7 = 19",
        "So we get 3 × 4 = 12.",
        "5+8 = <<5+8=13>>13 apples",
        "It costs $5 * 3 = $15 in all.",
        "1,200 + 300 = 1,500",
        "2 + 2 = 4 = 1 + 3",
        "10 / 3 = 3.33",
        "10 / 3 ≈ 3.3",
        "First 2 + 3 = 5. 4 + 1 = 5 as well",
        "3 x 4 = 12",
        "32 x (30/60) = <<32*(30/60)=16>>16",
        "−3 + 5 = 2",
        "7 = 3 + 4",
    ],
)
def test_true_equations(text):
    assert check_text(text) is Verdict.TRUE


@pytest.mark.parametrize(
    "text",
    ["12 + 7 = 18", "2 + 2 = 4 = 5 + 1", "10 / 3 = 3.4", "5 * 3 = 15 and 2 + 2 = 5", "7 − 9 = 2"],
)
def test_false_equations(text):
    assert check_text(text) is Verdict.FALSE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Let us think.",
        "5 apples + 3 apples = 8 apples",
        "5 apples + 3 = 9",
        "2x + 3 = 7",
        "x = 5 * 3",
        "half of 10 + 2 = 7",
        "15 pages x 1/3 = 5",
        "2^3 + 1 = 10",
        "50% + 1 = 3",
        "3 + 4 = 7x",
        "1 / 0 = 3",
        "a = 5",
        "(left: 6 9 10)",
        "page 5 = 5",
    ],
)
def test_what_cannot_be_read_is_not_judged(text):
    assert check_text(text) is Verdict.NOTHING


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("9" * 5_000 + " + 1 = 2", id="huge number"),
        pytest.param("(" * 19_000, id="brackets only"),
        pytest.param("1+" * 9_000 + "1 = 2 ", id="long sum"),
        pytest.param("1 + 1 = 2 " * 100_000, id="longer than any step"),
        pytest.param("=" * 19_000, id="signs only"),
        pytest.param("1 " * 9_500, id="numbers only"),
    ],
)
def test_hostile_text_is_answered_at_once(text):
    started = time.perf_counter()
    assert check_text(text) is Verdict.NOTHING
    assert judge(text, [text])
    assert time.perf_counter() - started < 2


def test_the_number_of_equations_is_bounded():
    assert len(equations("1 + 1 = 2, " * 1_000)) == 50


PROMPT = "Work out 3 × 4 + 5 × 6 − 14 + 9."
FIRST = "Take 3 × 4 = 12, leaving 12 + 5 × 6 − 14 + 9."


def test_a_right_solution_is_right_at_every_step():
    steps = [
        FIRST,
        "Take 5 × 6 = 30, leaving 12 + 30 − 14 + 9.",
        "Take 12 + 30 = 42, leaving 42 − 14 + 9.",
        "Take 42 − 14 = 28, leaving 28 + 9.",
        "Take 28 + 9 = 37, so the answer is 37.",
    ]
    assert judge(PROMPT, steps) == [Judgement(1)] * 5


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("Take 5 × 6 = 11, leaving 12 + 11 − 14 + 9.", "wrong_operation"),
        ("Take 5 × 6 = 40, leaving 12 + 40 − 14 + 9.", "carried_digit"),
        ("Take 5 × 6 = 31, leaving 12 + 31 − 14 + 9.", "wrong_result"),
        ("Take 5 × 6 = 30, leaving 12 + 30 + 9.", "dropped_term"),
        ("Take 5 × 6 = 30, leaving 12 + 30 − 41 + 9.", "wrong_rest"),
    ],
)
def test_the_wrong_step_is_found_and_named(step, error):
    assert judge(PROMPT, [FIRST, step])[1] == Judgement(-1, error)
    assert error in ERROR_TYPES


def test_an_error_stays_until_a_step_repairs_it():
    steps = [
        "Take 3 × 4 = 22, leaving 22 + 5 × 6 − 14 + 9.",
        "Take 5 × 6 = 30, leaving 22 + 30 − 14 + 9.",
        "Hmm, let me look again.",
        "Wait, 3 × 4 = 12 and not 22, leaving 12 + 30 − 14 + 9.",
        "Take 12 + 30 = 42, leaving 42 − 14 + 9.",
    ]
    assert judge(PROMPT, steps) == [
        Judgement(-1, "carried_digit"),
        Judgement(-1, "carried_error"),
        Judgement(-1, "carried_error"),
        Judgement(1, repairs=True),
        Judgement(1),
    ]


def test_two_errors_that_cancel_do_not_make_a_false_equation_right():
    steps = ["Take 3 × 4 = 13, leaving 12 + 5 × 6 − 14 + 9."]
    assert judge(PROMPT, steps)[0].rating == -1


def test_a_problem_without_an_expression_has_its_equations_checked():
    steps = ["3 boxes of 4 make 3 × 4 = 12.", "So 12 + 1 = 14.", "Done."]
    assert judge("How many apples are in 3 boxes?", steps) == [
        Judgement(1),
        Judgement(-1, "wrong_result"),
        Judgement(None),
    ]


def test_the_longest_expression_of_the_problem_is_the_task():
    assert start("In part 2 − 1, work out 3 × 4 + 5.").rest == "3 × 4 + 5"
    assert start("How many?") is None
