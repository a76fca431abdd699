"""Numbers from outside: whole ones that arrive as text, and those that can be counted with."""

from __future__ import annotations

MOST = 2**63 - 1  # what the database counts in
_DIGITS = len(str(MOST))
LARGEST = 1e100
"""Size of outcomes, scores and values: squares and sums of what is larger would be no numbers."""


def whole_number(text: str | None) -> int | None:
    """Return the number from 0 to ``MOST`` that ASCII digits say, None for any other text or none.

    Python itself refuses to read more than some thousand digits.
    """
    if text is None:
        return None
    digits = text.lstrip("0") or text[:1]
    if not (text.isascii() and text.isdecimal()) or len(digits) > _DIGITS:
        return None
    number = int(digits)
    return number if number <= MOST else None


def countable(value: float) -> bool:
    """Say whether a number is finite and small enough to be added and squared."""
    return abs(value) <= LARGEST  # never true of NaN


def beyond(value: object) -> bool:
    """Say whether something is a finite number that is too large."""
    return isinstance(value, int | float) and LARGEST < abs(value) < float("inf")


def flaw(value: object) -> str:
    """Return what is wrong with what is not ``countable``, behind "is …,"."""
    if beyond(value):
        return f"too large: a number is at most {LARGEST:.0e} in size"
    return "not a finite number"
