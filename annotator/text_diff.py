"""What changed between two texts: lines, and inside changed lines the words. Pure; draws nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from annotator.sequence_match import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Sign = Literal["same", "added", "removed", "skipped"]
WORD = re.compile(r"\s+|\w+|[^\w\s]")
CONTEXT = 3
ALIKE = 0.4


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference.

    Attributes:
        sign: what happened to it; ``skipped`` stands for ``skipped`` equal lines that are not shown.
        parts: pieces of its text and whether each changed.
        old, new: line numbers, None where the line does not exist.
    """

    sign: Sign
    parts: tuple[tuple[str, bool], ...] = ()
    old: int | None = None
    new: int | None = None
    skipped: int = 0


def text_diff(old: str, new: str, *, context: int = CONTEXT) -> list[Line]:
    """Return the lines of ``new`` with what was removed from and added to ``old``.

    Equal lines further than ``context`` from a change are counted, not listed.
    """
    before, after = old.splitlines(), new.splitlines()
    lines: list[Line] = []
    found = list(blocks(before, after))
    for place, (equal, a, b, c, d) in enumerate(found):
        if not equal:
            lines += _changed(before[a:b], after[c:d], a, c)
            continue
        head = context if place else 0
        tail = context if place < len(found) - 1 else 0
        lines += _equal(before[a:b], a, c, head, tail)
    return lines


def _equal(lines: Sequence[str], old: int, new: int, head: int, tail: int) -> Iterator[Line]:
    hidden = len(lines) - head - tail
    for at, text in enumerate(lines):
        if hidden > 0 and head <= at < len(lines) - tail:
            if at == head:
                yield Line("skipped", skipped=hidden)
            continue
        yield Line("same", ((text, False),), old + at + 1, new + at + 1)


def _changed(before: Sequence[str], after: Sequence[str], old: int, new: int) -> Iterator[Line]:
    """Yield removed lines, then added ones; lines that became one another are compared by words."""
    removed: list[Line] = []
    added: list[Line] = []
    for at, (was, now) in enumerate(zip_longest(before, after)):
        left, right = _words(was, now) if was is not None and now is not None else ((), ())
        if was is not None:
            removed.append(Line("removed", left or ((was, False),), old=old + at + 1))
        if now is not None:
            added.append(Line("added", right or ((now, False),), new=new + at + 1))
    yield from removed
    yield from added


Parts = tuple[tuple[str, bool], ...]


def _words(was: str, now: str) -> tuple[Parts, Parts]:
    """Return both lines in pieces; lines with little in common stay whole (empty tuples)."""
    left, right = WORD.findall(was), WORD.findall(now)
    found = list(blocks(left, right))
    same = sum(b - a for equal, a, b, _, _ in found if equal)
    if 2 * same < ALIKE * (len(left) + len(right)):
        return (), ()
    gone = tuple(("".join(left[a:b]), not equal) for equal, a, b, _, _ in found if b > a)
    come = tuple(("".join(right[c:d]), not equal) for equal, _, _, c, d in found if d > c)
    return gone, come
