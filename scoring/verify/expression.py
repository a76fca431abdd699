"""Exact value of a written arithmetic expression: fractions, no ``eval``, bounded work.

Accepts whole and decimal numbers, ``+ - * /`` with their typographic forms and ``x`` between
numbers, brackets and signs. Anything else, and anything large enough to be an attack, has no value.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

MAX_CHARACTERS = 400
MAX_DIGITS = 24
MAX_DEPTH = 20
MAX_BITS = 512

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([-+*/()]))")
_PLAIN = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")"})
_RANK = {"+": 1, "-": 1, "*": 2, "/": 2}
_SIGN_RANK = 3


class NoValueError(ValueError):
    """The text is not an expression that can be evaluated exactly within bounds."""


@lru_cache(maxsize=65_536)
def value(text: str) -> Fraction:
    """Return the exact value of ``text``.

    Raises:
        NoValueError: for anything that is not one complete expression, for division by zero, and
            beyond the limits on length, digits, nesting and size of the numbers.
    """
    if len(text) > MAX_CHARACTERS:
        raise NoValueError(f"longer than {MAX_CHARACTERS} characters")
    reader = _Reader(_tokens(text.translate(_PLAIN)))
    return reader.result()


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NoValueError(f"cannot read {text[at : at + 10]!r}")
        tokens.append(match[1] or match[2])
        if len(tokens[-1]) > MAX_DIGITS:
            raise NoValueError(f"a number of more than {MAX_DIGITS} digits")
        at = match.end()
    return tokens


class _Reader:
    """Operator precedence with two stacks; signs are operators of their own (``u-``)."""

    def __init__(self, symbols: list[str]) -> None:
        self.numbers: list[Fraction] = []
        self.operators: list[str] = []
        operand_next = True
        for symbol in symbols:
            operand_next = self._operand(symbol) if operand_next else self._operator(symbol)
        if operand_next:
            raise NoValueError("it ends where a number is expected")

    def result(self) -> Fraction:
        while self.operators:
            if self.operators[-1] == "(":
                raise NoValueError("a bracket is not closed")
            self._apply()
        return self.numbers[0]

    def _operand(self, symbol: str) -> bool:
        """Take a symbol where a number may stand; return whether one still must follow."""
        if symbol == "(" or symbol in "+-":
            if len(self.operators) >= 2 * MAX_DEPTH:
                raise NoValueError(f"more than {MAX_DEPTH} levels of brackets")
            self.operators.append(symbol if symbol == "(" else "u" + symbol)
            return True
        if symbol in "*/)":
            raise NoValueError(f"'{symbol}' where a number is expected")
        self.numbers.append(Fraction(symbol))
        return False

    def _operator(self, symbol: str) -> bool:
        """Take a symbol after a number; return whether another number must follow."""
        if symbol == ")":
            while self.operators and self.operators[-1] != "(":
                self._apply()
            if not self.operators:
                raise NoValueError("a bracket is closed that was not opened")
            self.operators.pop()
            return False
        if symbol not in _RANK:
            raise NoValueError(f"'{symbol}' where an operator is expected")
        while self.operators and _RANK.get(self.operators[-1], _SIGN_RANK) >= _RANK[symbol]:
            if self.operators[-1] == "(":
                break
            self._apply()
        self.operators.append(symbol)
        return True

    def _apply(self) -> None:
        operator = self.operators.pop()
        right = self.numbers.pop()
        if operator in ("u-", "u+"):
            self.numbers.append(-right if operator == "u-" else right)
            return
        left = self.numbers.pop()
        self.numbers.append(operate(left, operator, right))


def operate(left: Fraction, operator: str, right: Fraction) -> Fraction:
    """Return ``left operator right`` exactly; ``operator`` in any accepted form.

    Raises:
        NoValueError: for division by zero, or if the result grows beyond ``MAX_BITS``.
    """
    sign = operator.translate(_PLAIN)
    if sign == "+":
        result = left + right
    elif sign == "-":
        result = left - right
    elif sign == "*":
        result = left * right
    elif right == 0:
        raise NoValueError("division by zero")
    else:
        result = left / right
    if max(result.numerator.bit_length(), result.denominator.bit_length()) > MAX_BITS:
        raise NoValueError(f"a number of more than {MAX_BITS} bits")
    return result


def states(written: str, exact: Fraction) -> bool:
    """Say whether ``written`` states ``exact``: equal, or a decimal cut or rounded from it."""
    try:
        claimed = value(written)
    except NoValueError:
        return False
    if claimed == exact:
        return True
    decimals = re.fullmatch(r"\s*[-−]?\d+\.(\d+)\s*", written)
    if decimals is None:
        return False
    unit = Fraction(1, 10 ** len(decimals[1]))
    cut = abs(claimed) <= abs(exact) < abs(claimed) + unit and claimed * exact >= 0
    return cut or abs(claimed - exact) <= unit / 2
