"""What the lists of disagreements share: whose judgements count, their words, their pages.

A cursor is the severity of a page's last row and the ids that tell rows of one severity apart.
"""

from __future__ import annotations

from annotator.errors import InvalidError
from annotator.models import Rater
from annotator.numbers import whole_number

PAGE = 50
WORST = 100
# Why people differ on a rating, by severity.
WHY = {
    100: "one person's first error is not wrong for another",
    80: "right for one, wrong for another",
    50: "wrong for one, neutral for another",
    30: "right for one, neutral for another",
    20: "wrong for all, for different reasons",
    10: "rated by one, unsure for another",
}


def rater_kinds(*, imported: bool) -> list[str]:
    """Return whose judgements count: members', and the source's labelers where asked for."""
    return [Rater.Kind.PERSON, *([Rater.Kind.IMPORTED] if imported else [])]


def cursor_make(severity: int, *ids: int) -> str:
    """Return the place of a row in a list of disagreements."""
    return ".".join(map(str, (severity, *ids)))


def cursor_read(text: str, *, ids: int = 1) -> tuple[int, ...]:
    """Return severity and ``ids`` ids of a cursor; "" is before the first row.

    Raises:
        InvalidError: it is not one of ours.
    """
    if not text:
        return (WORST + 1, *[0] * ids)
    found = [whole_number(part) for part in text.split(".", ids + 1)]
    known = tuple(value for value in found if value is not None)
    if len(known) != len(found) or len(known) != ids + 1 or known[0] > WORST:
        reason = "This page link is not one of this list. Start again from its first page."
        raise InvalidError(reason, fields={"after": reason})
    return known
