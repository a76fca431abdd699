"""``scoring.verify.game24``: what is legal, and what is still possible."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from scoring.verify.game24 import Judgement, Stand, judge_answer, judge_step, puzzle, reachable


def numbers(*values):
    return tuple(Fraction(v) for v in values)


@pytest.mark.parametrize(
    "given", [(4, 5, 6, 10), (1, 5, 5, 5), (3, 3, 8, 8), (24,), (4, 6), (1, 1, 11, 11)]
)
def test_puzzles_that_can_be_solved(given):
    assert reachable(numbers(*given))


@pytest.mark.parametrize("given", [(1, 1, 1, 1), (23,), (5, 7), (), (1,) * 7])
def test_puzzles_that_cannot(given):
    assert not reachable(numbers(*given))


def test_the_prompt_gives_the_numbers_without_the_goal():
    assert puzzle("Use 4, 5, 6 and 10 once each with + − × ÷ to make 24.") == numbers(4, 5, 6, 10)
    assert puzzle("4 5 6 24") == numbers(4, 5, 6, 24)


@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        ("10 − 4 = 6 (left: 5 6 6)", Judgement(1)),
        ("10 - 4 = 6 (left: 6 5 6)", Judgement(1)),
        ("4 + 5 = 9 (left: 6 9 10)", Judgement(-1, "dead_end")),
        ("6 × 10 = 60 (left: 4 5 60)", Judgement(-1, "dead_end")),
        ("10 + 6 = 16 (left: 4 5 16)", Judgement(-1, "dead_end")),
        ("4 + 5 = 10 (left: 6 10 10)", Judgement(-1, "wrong_result")),
        ("4 + 4 = 8 (left: 6 8 10)", Judgement(-1, "illegal_number")),
        ("10 − 4 = 6 (left: 5 6)", Judgement(-1, "wrong_rest")),
        ("10 − 4 = 6 (left: 5 6 7)", Judgement(-1, "wrong_rest")),
        ("10 ÷ 0 = 0 (left: 4 5 6)", Judgement(-1, "illegal_number")),
        ("Let me think.", Judgement(None)),
        ("9" * 100_000, Judgement(None)),
    ],
)
def test_first_steps_of_a_puzzle(text, judgement):
    assert judge_step(Stand(numbers(4, 5, 6, 10)), text)[0] == judgement


def test_fractions_and_cut_decimals_are_followed_exactly():
    stand = Stand(numbers(3, 3, 8, 8))
    first, stand = judge_step(stand, "8 / 3 = 2.666 (left: 2.666 3 8)")
    second, stand = judge_step(stand, "3 - 2.666 = 0.333 (left: 0.333 8)")
    third, stand = judge_step(stand, "8 / 0.333 = 24 (left: 24)")
    assert [first, second, third] == [Judgement(1)] * 3
    assert stand.numbers == numbers(24)


def test_a_step_after_an_illegal_one_carries_the_error():
    wrong, stand = judge_step(Stand(numbers(4, 5, 6, 10)), "4 + 5 = 8 (left: 6 8 10)")
    after, _ = judge_step(stand, "10 + 8 = 18 (left: 6 18)")
    assert (wrong.error_type, after) == ("wrong_result", Judgement(-1, "carried_error"))


@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        ("Answer: 5 × 6 − (10 − 4) = 24", Judgement(1)),
        ("Answer: 4 × 6 = 24", Judgement(-1, "illegal_number")),
        ("Answer: 4 + 5 + 6 + 10 = 24", Judgement(-1, "wrong_result")),
        ("Answer: (4 + 5 + 6 + 10 = 24", Judgement(-1, "wrong_result")),
        ("It is 24", Judgement(None)),
    ],
)
def test_answers(text, judgement):
    assert judge_answer(numbers(4, 5, 6, 10), text) == judgement


def test_zero_denominators_and_many_numbers_are_bounded():
    started = time.process_time()
    _, stand = judge_step(Stand(numbers(1, 2)), f"1 + 2 = 4 (left: {'1/0 ' * 30})")
    assert len(stand.numbers) <= 6
    assert judge_step(Stand(numbers(*range(1, 40))), "1 + 2 = 3 (left: 3)")[0] == Judgement(None)
    assert time.process_time() - started < 1
