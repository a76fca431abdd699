"""An order as a person types it: ``A > B = C | D``.

``>`` separates tiers, ``=`` ties, and what stands behind ``|`` cannot be compared. A ``!`` behind a
letter marks an item that fails the criterion's gate.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scoring.errors import RankingError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

LETTER = re.compile(r"([A-Za-z]{1,3})(!?)\Z")
LONGEST = 400


def order_read(text: str, items: Mapping[str, int]) -> tuple[list[list[int]], list[int], list[int]]:
    """Return tiers, what stands aside and what failed, as ids.

    Args:
        text: what was typed.
        items: ids by letter, upper case.

    Raises:
        RankingError: something that is no letter of these items, an empty tier, or nothing at all.
    """
    if len(text) > LONGEST:
        raise RankingError(f"an order has at most {LONGEST} characters")
    ranked, bar, rest = text.partition("|")
    failed: list[int] = []
    tiers = []
    if ranked.strip():
        tiers = [
            [_item(word, items, failed) for word in tier.split("=")] for tier in ranked.split(">")
        ]
    aside = [_item(word, items, failed) for word in re.split(r"[\s,]+", rest.strip()) if word]
    if not tiers and not aside:
        raise RankingError("an order is letters with > and = between them, like A > B = C")
    if bar and not aside:
        raise RankingError("behind | stand the items that cannot be compared; there are none")
    return tiers, aside, failed


def order_text(
    tiers: Iterable[Sequence[int]],
    aside: Sequence[int],
    failed: Collection[int],
    letters: Mapping[int, str],
) -> str:
    """Return an order as it would be typed; the opposite of ``order_read``."""

    def name(item: int) -> str:
        return f"{letters.get(item, f'{item}')}{'!' if item in failed else ''}"

    ranked = " > ".join(" = ".join(map(name, tier)) for tier in tiers)
    unranked = f"| {', '.join(map(name, aside))}" if aside else ""
    return f"{ranked} {unranked}".strip()


def _item(word: str, items: Mapping[str, int], failed: list[int]) -> int:
    found = LETTER.match(word.strip())
    letter = found[1].upper() if found else ""
    if letter not in items:
        known = ", ".join(items)
        shown = word.strip()[:20] or "nothing"
        raise RankingError(f"'{shown}' is no item; the items are {known}, with > and = between")
    if found and found[2]:
        failed.append(items[letter])
    return items[letter]
