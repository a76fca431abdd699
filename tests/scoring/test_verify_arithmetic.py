"""``scoring.verify.arithmetic``: equations in free text."""

from __future__ import annotations

import time

import pytest

from scoring.verify.arithmetic import Verdict, check_text, equations, slip


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
    started = time.process_time()
    assert check_text(text) is Verdict.NOTHING
    assert time.process_time() - started < 2


def test_the_number_of_equations_is_bounded():
    assert len(equations("1 + 1 = 2, " * 1_000)) == 50


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5 × 6 = 11", "wrong_operation"),
        ("5 + 6 = 1", "wrong_operation"),
        ("5 × 6 = 40", "carried_digit"),
        ("5 × 6 = 31", "wrong_result"),
        ("2 + 2 = 4, so 2 × (3 + 4) = 15", "wrong_result"),
    ],
)
def test_the_first_false_equation_is_named(text, kind):
    assert slip(text) == kind
