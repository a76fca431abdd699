"""``scoring.verify.expression``: exact values, and nothing at all for hostile input."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.verify.expression import NoValueError, states, value


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("3 + 4 × 5", 23),
        ("(3 + 4) * 5", 35),
        ("20 − 5 − 5", 10),
        ("100 / 5 / 2", 10),
        ("8 ÷ 3", Fraction(8, 3)),
        ("-3 + 5", 2),
        ("2 × −3", -6),
        ("−(2 + 3)", -5),
        ("- -4", 4),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("[2 + 3] × 2", 10),
        (" 7 ", 7),
    ],
)
def test_values_are_exact(text, result):
    assert value(text) == result


@pytest.mark.parametrize(
    "text",
    ["", "3 +", "+", "3 4", "(3", "3)", "()", "3 + x", "1 / 0", "2 ** 3", "2 ^ 3", "__import__('os')",
     "1e9", "3 × × 4", "1 / (2 − 2)", ".5"],
)  # fmt: skip
def test_what_is_no_expression_has_no_value(text):
    with pytest.raises(NoValueError):
        value(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("9" * 10_000, id="huge number"),
        pytest.param("(" * 5_000 + "1" + ")" * 5_000, id="deep brackets"),
        pytest.param("(" * 150 + "1" + ")" * 150, id="deep within the length"),
        pytest.param("-" * 300 + "1", id="many signs"),
        pytest.param("×".join(["9" * 20] * 19), id="huge product"),
        pytest.param("1" + "+1" * 100_000, id="long"),
    ],
)
def test_hostile_input_is_refused_at_once(text):
    started = time.process_time()
    with pytest.raises(NoValueError):
        value(text)
    assert time.process_time() - started < 1


@st.composite
def expressions(draw, depth=3):
    if depth == 0 or draw(st.booleans()):
        return str(draw(st.integers(0, 50)))
    left, right = draw(expressions(depth=depth - 1)), draw(expressions(depth=depth - 1))
    text = f"{left} {draw(st.sampled_from('+-*'))} {right}"
    return f"({text})" if draw(st.booleans()) else text


@given(expressions())
def test_values_agree_with_python(text):
    assert value(text) == eval(text)


def test_a_decimal_may_be_cut_or_rounded():
    third = Fraction(5, 3)
    assert states("1.66", third)
    assert states("1.67", third)
    assert states("5/3", third)
    assert not states("1.68", third)
    assert not states("2", third)
    assert states("−1.66", -third)
    assert not states("1.66", -third)
    assert not states("x", third)
