"""Whole numbers that arrive as text: in addresses, queries and names."""

from __future__ import annotations

MOST = 2**63 - 1  # what the database counts in
_DIGITS = len(str(MOST))


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
